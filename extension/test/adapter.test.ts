import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import samples from '../../workbench/ui/samples.json';
import type { AdapterExport, AdapterFile, AdapterPlan, AdapterResult, FoundEntry, Job } from '../src/protocol/messages';
import { VERSION } from '../src/protocol/schema';
import { Listeners } from '../src/protocol/transport';
import { english } from '../src/trans';
import { changesSince, FIRST_CHOICE, readChoice, wrongWith } from '../src/view/adapter/choice';
import { centredMeans } from '../src/view/adapter/loss';
import { figuresOf, sentenceOf } from '../src/view/adapter/verdict';
import { modelOf } from '../src/view/foundSets';
import { mount } from '../src/view/mount';
import type { Action, Kept } from '../src/view/view';
import { FakeKernel } from './fakeKernel';

const JOB = 'job-2';
const EXPORT = 'job-3';
const SET: FoundEntry = { name: 'mine', run: null, model: 'glyph-unet', sites: [7, 8] };
let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;
const actions = new Listeners<[Action]>();

/** A reply of the protocol's own samples. */
function sampled<Payload>(name: string, fits: (payload: Payload) => boolean = () => true): Payload {
  const found = samples
    .filter(({ message }) => message.kind === 'reply' && message.name === name && !('error' in message))
    .map(({ message }) => structuredClone(message.payload as unknown as Payload));
  return found.find(fits)!;
}

const plan = (): AdapterPlan => sampled<AdapterPlan>('adapter.plan', ({ problems }) => problems.length === 0);
const blocked = (): AdapterPlan => sampled<AdapterPlan>('adapter.plan', ({ problems }) => problems.length > 1);
const result = (change: Partial<AdapterResult> = {}): AdapterResult => ({
  ...sampled<AdapterResult>('adapter.result'),
  ...change,
});
const file = (change: Partial<AdapterFile> = {}): AdapterFile => ({
  ...sampled<{ files: AdapterFile[] }>('adapter.files').files[0]!,
  ...change,
});

function job(change: Partial<Job> = {}): Job {
  const times = { elapsed: 2, left: null, stage: 'training', done: 4, total: 4, error: null };
  return { job: JOB, view: 'adapter', status: 'done', run: result().run, ...times, ...change };
}

function open(before: Kept = {}): void {
  kept = before;
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  const onAction = (listener: (action: Action) => void) => actions.add(listener);
  unmount = mount({ el, transport: kernel, view: 'adapter', state, trans: english, onAction });
}

const until = <Found>(check: () => Found) => vi.waitFor(check, 15_000);
const seen = (text: string) => until(() => expect(el.textContent).toContain(text));
const button = (name: string) =>
  [...el.querySelectorAll('button')].find(each => [each.textContent, each.ariaLabel].includes(name));
const field = (label: string) => {
  const found = [...el.querySelectorAll('label')].find(each => each.textContent === label);
  return el.querySelector<HTMLInputElement>(`[id="${found?.htmlFor}"]`)!;
};
const type = (label: string, text: string): void => {
  field(label).value = text;
  field(label).dispatchEvent(new Event('input', { bubbles: true }));
};
const payloads = (name: string) => kernel.asked.filter(message => message.name === name).map(({ payload }) => payload);

vi.setConfig({ testTimeout: 60_000 });
beforeAll(() => import('../src/view/adapter'), 60_000);

beforeEach(() => {
  kernel = new FakeKernel();
  Object.assign(kernel.answers, {
    hello: () => ({ version: VERSION, package: '0', python: '3', views: [], store: '/s', jobs: [] }),
    'found.list': () => ({ sets: [SET] }),
    'adapter.plan': () => plan(),
    'adapter.start': () => ({ job: JOB }),
    'adapter.result': () => result(),
    'adapter.images': () => ({ files: [] }),
    'adapter.export': () => ({ job: EXPORT }),
    'adapter.files': () => ({ folder: '/s/adapters', files: [] }),
    'adapter.show': () => file({ model: '<img src=x>', same_model: false, proof: null }),
  });
});

afterEach(() => {
  unmount();
  el.remove();
});

async function ready(): Promise<void> {
  open();
  await until(() => expect(button('Train')!.getAttribute('aria-disabled')).toBeNull());
}

async function trained(): Promise<void> {
  await ready();
  button('Train')!.click();
  await until(() => expect(payloads('adapter.start')).toHaveLength(1));
  // The reply comes first, as from a kernel.
  await new Promise(done => setTimeout(done));
  kernel.event('job', job());
  await seen('Finished.');
  await until(() => expect(field('File name')).not.toBeNull());
}

test('the first open chooses a found set and its model, plans, and trains nothing', async () => {
  await ready();
  const model = { source: 'embedded', name: 'glyph-unet' };
  const prompts = [FIRST_CHOICE.prompt, FIRST_CHOICE.old];
  expect(payloads('adapter.plan').at(-1)).toMatchObject({ model, found: 'mine', data: null, prompts });
  expect(kernel.names()).not.toContain('adapter.start');
  expect(el.textContent).toContain('Time not known yet');
  expect(el.querySelectorAll('.jp-Workbench-targets li')).toHaveLength(plan().targets.length);
});

test('without a found set there is a way to one and nothing to train', async () => {
  kernel.answers['found.list'] = () => ({ sets: [] });
  open();
  await seen('Find one in the Patching panel first.');
  expect(button('Train')!.getAttribute('aria-disabled')).toBe('true');
  expect(payloads('adapter.plan')).toEqual([]);
});

test('a match that is not whole blocks training, says why and which', async () => {
  kernel.answers['adapter.plan'] = () => blocked();
  open();
  await seen('3 of 4 sites of this found set are in tiny.');
  expect(button('Train')!.getAttribute('aria-disabled')).toBe('true');
  expect(el.querySelectorAll('b, img')).toHaveLength(0);
  button('Train')!.click();
  expect(kernel.names()).not.toContain('adapter.start');
  const missing = [...el.querySelectorAll('.jp-Workbench-targets li')].map(item => item.textContent);
  expect(missing.filter(text => text!.includes('not in this model'))).toHaveLength(1);
});

test('losses are drawn while it trains, and the verdict says so far', async () => {
  await ready();
  button('Train')!.click();
  await until(() => expect(payloads('adapter.start')).toHaveLength(1));
  await new Promise(done => setTimeout(done));
  kernel.event('job', job({ status: 'running', done: 2 }));
  const data = result({ status: 'running', losses: [1, 0.5], compared: [], file: null });
  kernel.event('job.partial', { job: JOB, view: 'adapter', data });
  await seen('So far: 2 of 4 steps');
  expect(el.querySelector('svg[aria-label^="Loss of 2 of 4 steps"]')).not.toBeNull();
  expect(button('Export')).toBeUndefined();
  button('Cancel')!.click();
  await until(() => expect(payloads('jobs.cancel')).toEqual([{ job: JOB }]));
});

test('a stopped training keeps what events told after the last checkpoint, and goes on', async () => {
  kernel.answers['adapter.result'] = () => result({ status: 'interrupted', losses: [1], compared: [], file: null });
  kernel.answers['runs.resume'] = () => ({ job: 'job-9' });
  await ready();
  button('Train')!.click();
  await until(() => expect(payloads('adapter.start')).toHaveLength(1));
  await new Promise(done => setTimeout(done));
  kernel.event('job', job({ status: 'running' }));
  const data = result({ status: 'running', losses: [1, 0.5], compared: [], file: null });
  kernel.event('job.partial', { job: JOB, view: 'adapter', data });
  kernel.event('job', job({ status: 'cancelled' }));
  await seen('Cancelled. 2 of 4 steps are kept. The model is unchanged.');
  await until(() => button('Go on with the training') ?? expect.fail('no button'));
  button('Go on with the training')!.click();
  await until(() => expect(payloads('runs.resume')).toEqual([{ run: result().run }]));
});

test('a reload asks for the run that was shown', async () => {
  open({ run: result().run });
  await seen('Unrelated prompts moved by');
  expect(payloads('adapter.result')[0]).toEqual({ run: result().run });
});

test('a name that leads out of the folder is refused as it is typed, and repaired by a button', async () => {
  await trained();
  type('File name', '../x');
  await seen('This leaves the export folder.');
  expect(button('Export')!.getAttribute('aria-disabled')).toBe('true');
  button('Repair the name')!.click();
  await until(() => expect(field('File name').value).toBe('x'));
  await seen('x.safetensors, free, inside /s/adapters');
  button('Export')!.click();
  const request = { run: result().run, name: 'x', format: 'diffusers' };
  await until(() => expect(payloads('adapter.export')).toEqual([request]));
});

test('a name that is taken asks: replace, or keep both', async () => {
  kernel.answers['adapter.files'] = () => ({ folder: '/s/adapters', files: [file({ name: 'adapter.safetensors' })] });
  await trained();
  await seen('Replace it?');
  expect(button('Export')).toBeUndefined();
  button('Keep both')!.click();
  await until(() => expect(field('File name').value).toBe('adapter-2'));
  type('File name', 'adapter.safetensors');
  await until(() => button('Replace') ?? expect.fail('no button'));
  button('Replace')!.click();
  const request = { run: result().run, name: 'adapter', format: 'diffusers', replace: true };
  await until(() => expect(payloads('adapter.export')).toEqual([request]));
});

test('the proof ticks step by step and ends with its figures', async () => {
  await trained();
  button('Export')!.click();
  await until(() => expect(payloads('adapter.export')).toHaveLength(1));
  await new Promise(done => setTimeout(done));
  const started = job({ job: EXPORT, view: 'adapter.export', status: 'running', run: null });
  kernel.event('job', started);
  const told: AdapterExport = {
    run: result().run,
    name: 'adapter.safetensors',
    format: 'diffusers',
    steps: ['saved', 'drawn'],
    file: null,
  };
  kernel.event('job.partial', { job: EXPORT, view: 'adapter.export', data: told });
  await until(() => expect(el.querySelectorAll('.jp-Workbench-proof [data-state=done]')).toHaveLength(2));
  const done: AdapterExport = { ...told, steps: ['saved', 'drawn', 'loaded', 'matched', 'compared'], file: file() };
  kernel.event('job.partial', { job: EXPORT, view: 'adapter.export', data: done });
  kernel.event('job', { ...started, status: 'done' });
  await seen('Loaded with load_lora_weights');
  await seen('bound 1e-5');
  // The training's own result is untouched by it.
  expect(el.textContent).toContain('Unrelated prompts moved by');
});

test('a failed proof says that no file was kept', async () => {
  await trained();
  button('Export')!.click();
  await until(() => expect(payloads('adapter.export')).toHaveLength(1));
  await new Promise(done => setTimeout(done));
  const error = { type: 'failed', message: 'images differ by 3.1e-02', hint: '' } as const;
  kernel.event('job', job({ job: EXPORT, view: 'adapter.export', status: 'failed', run: null, error }));
  await seen('No file was kept.');
  await seen('images differ by 3.1e-02');
});

test('the header of a strange file is text, and other weights are warned of', async () => {
  await ready();
  type('File, or folder that peft wrote', '/home/user/theirs.safetensors');
  await until(() => expect(button('Show its header')!.getAttribute('aria-disabled')).toBeNull());
  button('Show its header')!.click();
  await seen('<img src=x>');
  await seen('made for other weights');
  expect(el.querySelectorAll('img')).toHaveLength(0);
  expect(payloads('adapter.show')).toEqual([
    { path: '/home/user/theirs.safetensors', model: { source: 'embedded', name: 'glyph-unet' } },
  ]);
});

test('means are centred and of whole windows only', () => {
  expect(centredMeans([1, 2, 3])).toEqual([]);
  expect(centredMeans([1, 2, 3, 4, 5, 6, 7, 8, 9, 19])).toEqual([
    [5, 5],
    [6, 7],
  ]);
});

test('the verdict says what was learnt, or that nothing was', () => {
  const image = { file: 'compared/base-00.png', text: '', exact: false };
  const scene = { prompt: '"2"', seed: 0, base: { ...image, f1: 0.1 }, adapted: { ...image, f1: 0.5 }, drift: 0.02 };
  const compared = [
    { ...scene, trained: true },
    { ...scene, trained: false },
  ];
  expect(sentenceOf(result({ compared }), english)).toBe(
    'The text to learn is read with F1 0.50, without the adapter 0.10. Unrelated prompts moved by 0.020.',
  );
  expect(figuresOf(result({ compared }), english)[0]).toEqual({
    label: 'Text to learn, F1',
    value: '0.50',
    beside: 'was 0.10, 1 image',
  });
  const worse = compared.map(one => ({ ...one, adapted: { ...image, f1: 0.1 } }));
  expect(sentenceOf(result({ compared: worse }), english)).toMatch(/^Nothing was learnt that can be read: F1 0\.10/);
});

test('the model of a found set is found by its name', () => {
  const entry = { family: '', sites: null, parameters: null, note: '', refused: '' };
  const models = [
    { ...entry, source: 'embedded', name: 'glyph-unet' } as const,
    { ...entry, source: 'variable', name: 'pipe' } as const,
  ];
  expect(modelOf(SET, models)).toEqual({ source: 'embedded', name: 'glyph-unet' });
  expect(modelOf({ ...SET, model: '/data/sd' }, models)).toEqual({ source: 'folder', name: '/data/sd' });
  expect(modelOf({ ...SET, model: 'owner/name' }, models)).toEqual({ source: 'hub', name: 'owner/name' });
  expect(modelOf({ ...SET, model: 'StableDiffusion' }, models)).toEqual({ source: 'variable', name: 'pipe' });
  expect(modelOf({ ...SET, model: 'StableDiffusion' }, [])).toBeNull();
});

test('a kept choice that does not fit is as at the first start', () => {
  expect(readChoice({ steps: -3, found: 'mine' })).toEqual(FIRST_CHOICE);
  expect(readChoice({ steps: 30, found: 'mine', model: { source: 'nowhere' } })).toEqual({
    ...FIRST_CHOICE,
    steps: 30,
    found: 'mine',
  });
  expect(wrongWith({ ...FIRST_CHOICE, found: 'mine', from: 'folder' }, { source: 'hub', name: 'a/b' })).toBe('folder');
});

test('what was changed since a training is named', () => {
  const before = result().setup;
  expect(changesSince(before, { ...before, steps: 9, prompts: ['x'] })).toEqual([
    ['prompts', JSON.stringify(before.prompts), '["x"]'],
    ['steps', '4', '9'],
  ]);
});
