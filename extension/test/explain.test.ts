import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import samples from '../../workbench/ui/samples.json';
import type { ExplainResult, Job } from '../src/protocol/messages';
import { VERSION } from '../src/protocol/schema';
import { Listeners } from '../src/protocol/transport';
import { english } from '../src/trans';
import { mount } from '../src/view/mount';
import type { Action, Kept } from '../src/view/view';
import { FakeKernel } from './fakeKernel';

const JOB = 'job-1';
const COMPARISON = 'job-2';
const SLUR = 'unmasked';
let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;
const actions = new Listeners<[Action]>();

/** A result of the protocol's own samples. */
function sampled(compared: boolean): ExplainResult {
  const found = samples
    .filter(({ message }) => message.kind === 'reply' && message.name === 'explain.result')
    .map(({ message }) => structuredClone(message.payload as unknown as ExplainResult))
    .find(payload => payload.methods.length > 0 === compared && !payload.shown);
  return { ...found!, job: compared ? COMPARISON : JOB };
}

function result(shown = false, change: Partial<ExplainResult['texts'][number]> = {}): ExplainResult {
  const whole = sampled(false);
  const [text] = whole.texts;
  const words = ['You', shown ? SLUR : 'u.......', 'chair'].map((word, place) => ({
    text: word,
    score: [0.5, 2, -1][place]!,
    toxic: place === 1,
  }));
  return { ...whole, shown, texts: [{ ...text!, target: 'offensive', words, pieces: [], ...change }] };
}

function job(change: Partial<Job> = {}): Job {
  const times = { elapsed: 2, left: null, stage: 'texts', done: 1, total: 1, run: null, error: null };
  return { job: JOB, view: 'explain', status: 'done', ...times, ...change };
}

function open(before: Kept = {}): void {
  kept = before;
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  const onAction = (listener: (action: Action) => void) => actions.add(listener);
  unmount = mount({ el, transport: kernel, view: 'explain', state, trans: english, onAction });
}

// Slow machines run this too: what is waited for is a fact, not a time.
const until = <Found>(check: () => Found) => vi.waitFor(check, 15_000);
const seen = (text: string) => until(() => expect(el.textContent).toContain(text));
const button = (name: string) =>
  [...el.querySelectorAll('button')].find(each => [each.textContent, each.ariaLabel].includes(name));
const words = () => [...el.querySelectorAll<HTMLElement>('[role=option]')];
const press = (key: string, more: KeyboardEventInit = {}) =>
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, ...more }));
const payloads = (name: string) => kernel.asked.filter(message => message.name === name).map(({ payload }) => payload);

vi.setConfig({ testTimeout: 60_000 });
beforeAll(() => import('../src/view/explain'), 60_000);

beforeEach(() => {
  kernel = new FakeKernel();
  Object.assign(kernel.answers, {
    hello: () => ({ version: VERSION, package: '0', python: '3', views: [], store: '/s', jobs: [] }),
    'explain.options': () =>
      samples.find(({ message }) => message.id === 'x1' && message.kind === 'reply')!.message.payload,
    'explain.start': () => ({ job: JOB }),
    'explain.compare': () => ({ job: COMPARISON }),
    'explain.result': ({ job: name, shown }: { job: string; shown?: boolean }) =>
      name === JOB ? result(shown) : { ...sampled(true), shown: shown ?? false },
    'explain.without': () => ({ margin: -1, probability: 0.25, prediction: 'neither' }),
  });
});

afterEach(() => {
  unmount();
  el.remove();
});

async function explained(shown: ExplainResult = result()): Promise<void> {
  open();
  await until(() => expect(button('Explain')!.getAttribute('aria-disabled')).toBeNull());
  button('Explain')!.click();
  await until(() => expect(payloads('explain.start')).toHaveLength(1));
  // The reply comes first, as from a kernel.
  await new Promise(done => setTimeout(done));
  kernel.event('job.partial', { job: JOB, view: 'explain', data: shown });
  kernel.event('job', job());
  await until(() => expect(words()).toHaveLength(3));
}

test('the first open chooses a classifier and runs nothing', async () => {
  open();
  await until(() => expect(el.querySelector<HTMLInputElement>('input[list]')!.value).toBe('hate-t5-mini'));
  expect(kernel.names()).not.toContain('explain.start');
});

test('the first open shows a recorded explanation, which a run replaces', async () => {
  const recorded = { ...result(), job: '00000000-000000-0000' };
  kernel.answers['examples.get'] = () => ({
    setup: { classifier: 'hate-bilstm', texts: ['One', 'two'] },
    results: [recorded],
    items: [],
  });
  open();
  await seen('A recorded run. Nothing has run on this machine.');
  expect(words()).toHaveLength(3);
  expect(button('Show toxic words')).toBeUndefined();
  await until(() => expect(button('Explain')!.getAttribute('aria-disabled')).toBeNull());
  button('Run it here')!.click();
  await until(() =>
    expect(payloads('explain.start')).toMatchObject([{ classifier: 'hate-bilstm', texts: ['One', 'two'] }]),
  );
  await until(() => expect(el.textContent).not.toContain('A recorded run.'));
});

test('each word says its value and its side', async () => {
  await explained();
  expect(words().map(word => word.ariaLabel ?? word.getAttribute('aria-label'))).toEqual([
    'You, +0.50, towards offensive',
    'u......., +2.00, towards offensive',
    'chair, \u22121.00, away from offensive',
  ]);
  expect(el.querySelector('h2')!.textContent).toContain('“u.......” and “You” speak most for offensive');
});

test('what is not certified says so first and has a dashed frame', async () => {
  await explained(result(false, { certified: false, gap: 0.041 }));
  expect(el.querySelector('h2')!.textContent).toMatch(/^Not certified: gap 4\.1 %\./);
  expect(el.querySelector('.jp-mod-uncertified')).not.toBeNull();
});

test('masked words are asked for by a button, for this view, and are not kept', async () => {
  await explained();
  expect(el.textContent).not.toContain(SLUR);
  button('Show toxic words')!.click();
  await seen(SLUR);
  expect(payloads('explain.result').at(-1)).toEqual({ job: JOB, shown: true });
  expect(JSON.stringify(kept)).not.toContain(SLUR);
  button('Show toxic words')!.click();
  await until(() => expect(el.textContent).not.toContain(SLUR));
});

test('the text that was typed is not kept over a reload', async () => {
  open();
  const area = await until(() => el.querySelector('textarea') ?? expect.fail('no field'));
  area.value = 'my secret';
  area.dispatchEvent(new Event('input', { bubbles: true }));
  await until(() => expect(kept['choice']).toBeDefined());
  expect(JSON.stringify(kept)).not.toContain('secret');
});

test('Delete takes a word away, Ctrl+Z brings it back', async () => {
  await explained();
  words()[0]!.focus();
  press('ArrowRight');
  await until(() => expect(document.activeElement).toBe(words()[1]));
  press('Delete');
  await until(() => expect(payloads('explain.without')).toEqual([{ job: JOB, text: 0, words: [1] }]));
  await seen('Margin without 1 word');
  expect(words()[1]!.getAttribute('aria-label')).toContain('taken away');
  press('z', { ctrlKey: true });
  await until(() => expect(el.textContent).not.toContain('Margin without'));
});

test('a comparison shows each method with the control', async () => {
  await explained();
  button('Compare methods')!.click();
  await until(() => expect(payloads('explain.compare')).toHaveLength(1));
  await new Promise(done => setTimeout(done));
  kernel.event('job.partial', { job: COMPARISON, view: 'explain', data: sampled(true) });
  await seen('Random (control)');
  expect(el.querySelectorAll('.jp-Workbench-methods tbody tr')).toHaveLength(sampled(true).methods.length);
});

test('a reload asks the kernel for the masked result of its job', async () => {
  kernel.answers.hello = () => ({ version: VERSION, package: '0', python: '3', views: [], store: '/s', jobs: [job()] });
  open({ job: JOB, comparison: null });
  await until(() => expect(words()).toHaveLength(3));
  expect(payloads('explain.result')).toEqual([{ job: JOB, shown: false }]);
});

test('after a restart of the kernel nothing old is asked for', async () => {
  open({ job: JOB });
  await seen('Words appear here');
  expect(payloads('explain.result')).toEqual([]);
});

test('a failed job shows its reason', async () => {
  await explained();
  const error = { type: 'refused', message: 'Expected float32.', hint: 'Open it again.' } as const;
  kernel.event('job', job({ status: 'failed', error }));
  await seen('Open it again.');
  expect(words()).toHaveLength(3);
});
