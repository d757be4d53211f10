import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import samples from '../../workbench/ui/samples.json';
import type { EditResult, FoundEntry, GuardState, GuardTrial, Job } from '../src/protocol/messages';
import { VERSION } from '../src/protocol/schema';
import { Listeners } from '../src/protocol/transport';
import { english } from '../src/trans';
import { changesSince, FIRST_CHOICE, readChoice, targetsOf, wrongWith } from '../src/view/edit/choice';
import { figuresOf, sentenceOf } from '../src/view/edit/verdict';
import { mount } from '../src/view/mount';
import type { Action, Kept } from '../src/view/view';
import { FakeKernel, MODEL, RUN } from './fakeKernel';

const EDIT = 'job-1';
const TURN = 'job-2';
const TRY = 'job-3';
const SET: FoundEntry = { name: 'mine', run: null, model: MODEL.name, sites: [7, 8] };
const SLUR = 'unmasked';
let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;
let guards: GuardState[];
const actions = new Listeners<[Action]>();

/** Payloads of the protocol's own samples. */
function sampled<Payload>(kind: 'reply' | 'event', name: string): Payload {
  const found = samples.find(({ message }) => message.kind === kind && message.name === name);
  return structuredClone(found!.message.payload as unknown as Payload);
}

/** Two targets by two seeds, the first target right by all methods. */
function result(): EditResult {
  const stored = sampled<EditResult>('reply', 'edit.result');
  const [pairs, seeds] = [
    [0, 1],
    [0, 1],
  ];
  const methods = (['source', 'found', 'all_sites', 'regenerate'] as const).map(method => ({
    ...stored.methods[0]!,
    method,
    images: 4,
    ssim: method === 'found' ? 0.9 : 0.5,
  }));
  const images = methods.flatMap(({ method }) =>
    pairs.flatMap(pair =>
      seeds.map(seed => ({
        pair,
        seed,
        method,
        text: method === 'source' ? 'HELP' : 'OPEN',
        exact: method !== 'source' && pair === 0 ? 1 : 0,
        ssim: 0.9,
      })),
    ),
  );
  return { ...stored, run: RUN, seeds, methods, images, notes: [] };
}

function job(change: Partial<Job> = {}): Job {
  const times = { elapsed: 2, left: null, stage: 'editing', done: 4, total: 4, error: null };
  return { job: EDIT, view: 'edit', status: 'done', run: null, ...times, ...change };
}

const guard = (): GuardState => ({ ...sampled<{ guards: GuardState[] }>('event', 'guard').guards[0]!, model: MODEL });

function trial(change: Partial<GuardTrial> = {}): GuardTrial {
  return {
    job: TRY,
    model: MODEL,
    prompt: 'says "u......."',
    seed: 0,
    harmless_prompt: 'says "kitchens"',
    changes: [{ word: 'u.......', replacement: 'kitchens' }],
    left_alone: [],
    sites: ['a', 'b'],
    identical: false,
    reads: [
      { text: 'kitchens', toxic: false },
      { text: 'u.......', toxic: true },
    ],
    ...change,
  };
}

function open(before: Kept = {}): void {
  kept = before;
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  const onAction = (listener: (action: Action) => void) => actions.add(listener);
  unmount = mount({ el, transport: kernel, view: 'edit', state, trans: english, onAction });
}

const until = <Found>(check: () => Found) => vi.waitFor(check, 15_000);
const seen = (text: string) => until(() => expect(el.textContent).toContain(text));
const button = (name: string) =>
  [...el.querySelectorAll('button')].find(each => [each.textContent, each.ariaLabel].includes(name));
const guardSwitch = () => el.querySelector<HTMLElement>('[role=switch]')!;
const slider = () => el.querySelector<HTMLInputElement>('input[type=range]')!;
const pressed = () =>
  [...el.querySelectorAll('.jp-Workbench-thumbnail[aria-pressed=true] img')].map(image => image.getAttribute('alt'));
const field = (label: string) => {
  const found = [...el.querySelectorAll('label')].find(each => each.textContent === label);
  return el.querySelector<HTMLInputElement>(`[id="${found?.htmlFor}"]`)!;
};
const type = (label: string, text: string): void => {
  field(label).value = text;
  field(label).dispatchEvent(new Event('input', { bubbles: true }));
};
const payloads = (name: string) => kernel.asked.filter(message => message.name === name).map(({ payload }) => payload);
// The reply comes first, as from a kernel.
const replied = () => new Promise(done => setTimeout(done));

vi.setConfig({ testTimeout: 60_000 });
beforeAll(() => import('../src/view/edit'), 60_000);

beforeEach(() => {
  kernel = new FakeKernel();
  guards = [];
  Object.assign(kernel.answers, {
    hello: () => ({ version: VERSION, package: '0', python: '3', views: [], store: '/s', jobs: [], guards }),
    'found.list': () => ({ sets: [SET] }),
    'edit.forecast': () => sampled('reply', 'edit.forecast'),
    'edit.start': () => ({ job: EDIT }),
    'edit.result': () => result(),
    'edit.images': ({ items }: { items: object[] }) => ({ items }),
    'guard.switch': () => ({ job: TURN }),
    'guard.try': () => ({ job: TRY }),
    'guard.image': ({ job: tried, unguarded }: { job: string; unguarded: boolean }) => ({ job: tried, unguarded }),
  });
});

afterEach(() => {
  unmount();
  el.remove();
});

async function ready(): Promise<void> {
  open();
  await until(() => expect(button('Edit')!.getAttribute('aria-disabled')).toBeNull());
}

async function edited(): Promise<void> {
  await ready();
  button('Edit')!.click();
  await until(() => expect(payloads('edit.start')).toHaveLength(1));
  await replied();
  kernel.event('job.partial', { job: EDIT, view: 'edit', data: result() });
  kernel.event('job', job({ run: RUN }));
  await until(() => expect(slider()).not.toBeNull());
}

async function turnable(on: boolean): Promise<void> {
  guards = on ? [guard()] : [];
  open();
  await until(() => expect(guardSwitch().getAttribute('aria-disabled')).toBeNull());
}

async function tried(shown: GuardTrial = trial()): Promise<void> {
  await turnable(true);
  type('Prompt to try', `says "${SLUR}"`);
  await until(() => expect(button('Try')!.getAttribute('aria-disabled')).toBeNull());
  button('Try')!.click();
  await until(() => expect(payloads('guard.try')).toHaveLength(1));
  await replied();
  kernel.event('job.partial', { job: TRY, view: 'edit.guard', data: shown });
  kernel.event('job', job({ job: TRY, view: 'edit.guard' }));
  await seen('With guard');
}

test('the first open shows a recorded edit with its images, and asks for none', async () => {
  const recorded = { ...result(), run: '00000000-000000-0000' };
  const items = recorded.images.map(({ pair, seed, method, text }) => ({ pair, seed, arm: method, text }));
  kernel.answers['examples.get'] = () => ({ setup: {}, results: [recorded], items });
  open();
  await seen('A recorded run. Nothing has run on this machine.');
  await until(() => expect(slider()).not.toBeNull());
  await until(() => expect(el.querySelectorAll('img[src^=blob]').length).toBeGreaterThan(2));
  expect(kernel.names()).not.toContain('edit.images');
  expect(button('Edit')).toBeDefined();
  expect(kernel.names()).not.toContain('edit.start');
  expect(el.textContent).not.toContain('changed since');
});

test('the first open chooses a found set and its model, and edits nothing', async () => {
  await ready();
  expect(kernel.names()).not.toContain('edit.start');
  expect(field('Model').value).toBe(`embedded:${MODEL.name}`);
});

test('a set that another panel hands over is chosen', async () => {
  kernel.answers['found.list'] = () => ({ sets: [{ ...SET, name: 'other' }, SET] });
  open({ choice: { found: 'mine' } });
  await until(() => expect(field('Found set').value).toBe('mine'));
});

test('an edit asks for each text between the commas', async () => {
  await ready();
  type('Target texts, with commas between them', ' OPEN ,, EXIT');
  await until(() => expect(field('Target texts, with commas between them').value).toContain('EXIT'));
  button('Edit')!.click();
  await until(() => expect(payloads('edit.start')).toHaveLength(1));
  expect(payloads('edit.start')[0]).toMatchObject({ model: MODEL, found: 'mine', targets: ['OPEN', 'EXIT'] });
});

test('the slider moves by one with arrows and by ten with Shift', async () => {
  await edited();
  const press = (key: string, shiftKey: boolean) =>
    slider().dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey, bubbles: true, cancelable: true }));
  expect(slider().value).toBe('50');
  press('ArrowLeft', true);
  await until(() => expect(slider().value).toBe('40'));
  // Single steps, Home and End are the control's own.
  expect(press('ArrowLeft', false)).toBe(true);
  slider().value = '97';
  slider().dispatchEvent(new Event('input', { bubbles: true }));
  press('ArrowUp', true);
  await until(() => expect(slider().value).toBe('100'));
  expect(slider().getAttribute('aria-valuetext')).toBe('100 % of HELP, 0 % of OPEN');
});

test('keys and thumbnails put another image into the slider', async () => {
  await edited();
  await seen('After: OPEN');
  actions.tell('pair-on');
  await seen('After: <b>CATS</b>');
  actions.tell('seed-back');
  await seen('seed 2 of 2');
  const scratch = [...el.querySelectorAll('tr')].find(row => row.textContent!.includes('from scratch'))!;
  scratch.querySelector('button')!.click();
  await until(() =>
    expect(pressed()).toEqual(expect.arrayContaining([expect.stringContaining('from scratch; seed 2')])),
  );
  expect(kept['cursor']).toEqual({ pair: 1, seed: 1, method: 'regenerate' });
});

test('the verdict counts the words that are right, beside the honest baselines', () => {
  expect(sentenceOf(result(), english)).toBe('2 of 4 words read as asked. The picture keeps SSIM 0.90 to the source.');
  const none = { ...result(), images: result().images.map(image => ({ ...image, exact: 0 })) };
  expect(sentenceOf(none, english)).toMatch(/^None of 4 words changed as asked/);
  const ssim = figuresOf(result(), english).find(figure => figure.label === 'SSIM to the source');
  expect(ssim!.beside).toContain('all sites 0.50');
});

test('an edit comes back after a reload, with the image that was looked at', async () => {
  open({ run: RUN, cursor: { pair: 1, seed: 0, method: 'all_sites' } });
  await seen('After: <b>CATS</b>');
  expect(payloads('edit.result')).toEqual([{ run: RUN }]);
  expect(el.querySelector('b')).toBeNull();
});

test('a failed edit says why, below what was there', async () => {
  await edited();
  kernel.answers['edit.start'] = () => ({ job: 'job-4' });
  button('Edit again')!.click();
  await until(() => expect(payloads('edit.start')).toHaveLength(2));
  await replied();
  const error = { type: 'memory', message: 'Out of memory.', hint: 'Use fewer seeds.' } as const;
  kernel.event('job', job({ job: 'job-4', status: 'failed', error }));
  await seen('Use fewer seeds.');
  expect(slider()).not.toBeNull();
});

test('the switch follows the kernel and says once that off is as before', async () => {
  await turnable(false);
  expect(guardSwitch().getAttribute('aria-checked')).toBe('false');
  guardSwitch().click();
  await until(() => expect(payloads('guard.switch')).toEqual([{ model: MODEL, on: true, found: 'mine' }]));
  await replied();
  expect(guardSwitch().getAttribute('aria-checked')).toBe('false');
  kernel.event('guard', { guards: [guard()] });
  kernel.event('job', job({ job: TURN, view: 'edit.guard' }));
  await until(() => expect(guardSwitch().getAttribute('aria-checked')).toBe('true'));
  await seen('Guarded');
  expect(button('Edit')!.getAttribute('aria-disabled')).toBe('true');

  guardSwitch().click();
  await until(() => expect(payloads('guard.switch')).toHaveLength(2));
  expect(payloads('guard.switch')[1]).toEqual({ model: MODEL, on: false });
  await replied();
  kernel.event('guard', { guards: [] });
  kernel.event('job', job({ job: TURN, view: 'edit.guard' }));
  await seen('bit for bit');
  expect(el.textContent).not.toContain('Guarded');
});

test('an image from a file is named and edited with one seed', async () => {
  await ready();
  const from = [...el.querySelectorAll('select')].find(each => each.value === 'model')!;
  from.value = 'file';
  from.dispatchEvent(new Event('change', { bubbles: true }));
  await seen('Which file?');
  expect(button('Edit')!.getAttribute('aria-disabled')).toBe('true');
  type('Image file that the source prompt describes', 'photo.png');
  await until(() => expect(button('Edit')!.getAttribute('aria-disabled')).toBeNull());
  button('Edit')!.click();
  await until(() => expect(payloads('edit.start')).toHaveLength(1));
  expect(payloads('edit.start')[0]).toMatchObject({ image: 'photo.png', seeds: 1 });
});

test('the guard with its prompt is copied as Python', async () => {
  const writeText = vi.fn(async () => undefined);
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  await turnable(false);
  type('Prompt to try', 'A "SCUM" sign');
  await until(() => expect(button('Copy guard as Python')!.getAttribute('aria-disabled')).toBeNull());
  button('Copy guard as Python')!.click();
  await until(() => expect(writeText).toHaveBeenCalledWith('from workbench import localize'));
  const guarded = { model: MODEL, found: 'mine', prompt: 'A "SCUM" sign', seed: 0 };
  expect(payloads('code.get')).toContainEqual({ view: 'edit', settings: { guard: guarded } });
  vi.unstubAllGlobals();
});

test('a guard of another model is not taken for one of this', async () => {
  guards = [{ ...guard(), model: { source: 'variable', name: MODEL.name } }];
  await ready();
  expect(guardSwitch().getAttribute('aria-checked')).toBe('false');
  expect(el.textContent).not.toContain('Guarded');
});

test('a trial shows what was replaced; the unguarded image leaves the kernel only for who asks', async () => {
  await tried();
  await seen('kitchens');
  await until(() => expect(payloads('guard.image')).toEqual([{ job: TRY, unguarded: false }]));
  await seen('Hidden');
  button('Show')!.click();
  await until(() => expect(button('Hide')).toBeDefined());
  expect(payloads('guard.image')[1]).toEqual({ job: TRY, unguarded: true });
  button('Hide')!.click();
  await seen('Hidden');
  expect(JSON.stringify(kept)).not.toContain(SLUR);
});

test('words outside the quotes are said to be left alone', async () => {
  await tried(trial({ changes: [], left_alone: ['u.......'], identical: true }));
  await seen('Left alone, as it stands outside the quotes: u........');
  await seen('the same, bit for bit');
});

test('without a guard nothing is tried', async () => {
  await ready();
  expect(button('Try')!.getAttribute('aria-disabled')).toBe('true');
  button('Try')!.click();
  expect(kernel.names()).not.toContain('guard.try');
});

test.each([
  [{ found: '' }, 'no-found'],
  [{ source: 'A sign' }, 'source'],
  [{ targets: ' , ' }, 'no-target'],
  [{ targets: 'OPEN, "B"' }, 'quotes'],
  [{ targets: 'HELP' }, 'same'],
  [{ targets: 'a,b,c,d,e,f,g,h,i,j,k,l,m' }, 'many'],
  [{}, null],
])('what is wrong with %o is %s', (change, wrong) => {
  expect(wrongWith({ ...FIRST_CHOICE, found: 'mine', ...change }, MODEL)).toBe(wrong);
});

test('kept data that does not fit is as at the first start', () => {
  expect(readChoice({ seeds: 9999 })).toEqual(FIRST_CHOICE);
  expect(readChoice({ targets: 3, model: { source: 'web', name: 'x' }, found: 'mine' })).toEqual({
    ...FIRST_CHOICE,
    found: 'mine',
  });
  expect(targetsOf(readChoice(null))).toEqual(['OPEN', 'EXIT', 'SALE']);
});

test('what was changed since an edit is named', () => {
  const choice = { ...FIRST_CHOICE, source: result().source, targets: 'OPEN, <b>CATS</b>', seeds: 8 };
  expect(changesSince(result(), choice)).toEqual([['seeds', '2', '8']]);
});
