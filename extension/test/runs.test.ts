import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Job, RunEntry } from '../src/protocol/messages';
import { english } from '../src/trans';
import { mount } from '../src/view/mount';
import { fits, readFilter, wrongTime } from '../src/view/runs/filter';
import { profileOf } from '../src/view/runs/profiles';
import type { Kept } from '../src/view/view';
import { FakeKernel, result, RUN } from './fakeKernel';

const OTHER = '20261126-143735-6bf0';

let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;
const open = vi.fn();

function entry(change: Partial<RunEntry> = {}): RunEntry {
  const cost = { cells: 34, seconds: 5.03, created: '2026-11-26T14:37:28+00:00' };
  const what = { verb: 'localize', model: 'glyph-unet', answer: 'found set 2, 3', view: 'patching', resumable: true };
  return { run: RUN, status: 'done', replayable: true, replay: null, ...what, ...cost, ...change };
}

function show(before: Kept = {}): void {
  kept = before;
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  unmount = mount({ el, transport: kernel, view: 'runs', state, trans: english, open });
}

const rows = () => [...el.querySelectorAll<HTMLElement>('[data-run]')];
const row = (run: string) => rows().find(each => each.dataset['run'] === run);
const press = (key: string) =>
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
const button = (name: string, within: Element = el) =>
  [...within.querySelectorAll('button')].find(each => each.textContent === name);
const seen = (text: string) => vi.waitFor(() => expect(el.textContent).toContain(text), 3000);

beforeEach(() => {
  kernel = new FakeKernel();
  open.mockClear();
  kernel.answers['runs.list'] = () => ({ runs: [entry({ run: OTHER, status: 'interrupted', answer: '' }), entry()] });
  kernel.answers['runs.compare'] = () => ({
    keys: [
      { key: 'config.model', left: 'glyph-unet', right: 'glyph-unet', equal: true },
      { key: 'config.seeds.0', left: '0', right: '1', equal: false },
    ],
  });
  kernel.answers['patching.result'] = ({ run }) => result({ run });
});

afterEach(() => {
  unmount();
  el.remove();
});

test('every run is a row with its kind, its answer and its state in words', async () => {
  show();
  await seen('found set 2, 3');
  expect(rows().map(each => each.dataset['run'])).toEqual([OTHER, RUN]);
  expect(row(OTHER)!.getAttribute('aria-label')).toContain('Stopped');
  expect(el.textContent).toContain('2 runs; /s');
});

test('arrows move the focus, Enter opens the run in its own panel, R resumes one that stopped', async () => {
  kernel.answers['runs.resume'] = () => ({ job: 'job-1' });
  show();
  await seen('found set 2, 3');
  row(OTHER)!.focus();
  press('r');
  await vi.waitFor(() =>
    expect(kernel.asked.find(({ name }) => name === 'runs.resume')?.payload).toEqual({ run: OTHER }),
  );
  press('ArrowDown');
  await vi.waitFor(() => expect(document.activeElement).toBe(row(RUN)));
  press('Enter');
  expect(open).toHaveBeenCalledWith('patching', { run: RUN });
  expect(kept['cursor']).toBe(RUN);
});

test('a run of a verb without a panel says why it cannot be opened', async () => {
  kernel.answers['runs.list'] = () => ({ runs: [entry({ verb: 'sweep', view: null, resumable: false })] });
  show();
  await vi.waitFor(() => expect(row(RUN)).toBeDefined());
  expect(button('Open', row(RUN))!.title).toBe('No panel shows runs of sweep.');
  button('Open', row(RUN))!.click();
  expect(open).not.toHaveBeenCalled();
});

test('deleting asks with what goes, and only the answer deletes', async () => {
  kernel.answers['runs.size'] = () => ({ images: 293, bytes: 12e6 });
  kernel.answers['runs.delete'] = ({ run }) => {
    kernel.answers['runs.list'] = () => ({ runs: [entry()] });
    return { deleted: run };
  };
  show();
  await seen('found set 2, 3');
  row(OTHER)!.focus();
  press('Delete');
  await seen(`Delete run ${OTHER}? 293 images, 12 MB. This cannot be undone.`);
  await vi.waitFor(() => expect(document.activeElement?.textContent).toBe('Keep it'));
  press('Escape');
  await vi.waitFor(() => expect(el.querySelector('[role=alertdialog]')).toBeNull());
  expect(kernel.names()).not.toContain('runs.delete');
  row(OTHER)!.focus();
  press('Delete');
  await vi.waitFor(() => expect(el.querySelector('[role=alertdialog]')).not.toBeNull());
  button('Delete')!.click();
  await vi.waitFor(() => expect(rows()).toHaveLength(1));
  expect(kernel.asked.find(({ name }) => name === 'runs.delete')!.payload).toEqual({ run: OTHER, confirmed: true });
  await vi.waitFor(() => expect(document.activeElement).toBe(row(RUN)));
});

test('a failed run says why and how far it came, and its details can be copied', async () => {
  const evil = 'Expected finite pixels; got <img src=x>.';
  const failure = { type: 'input', message: evil, hint: 'Run in float32.', details: 'Traceback …' } as const;
  kernel.answers['runs.list'] = () => ({ runs: [entry({ status: 'failed', answer: evil, replayable: false })] });
  kernel.answers['runs.why'] = () => ({ failure, cells: 7, expected: 46 });
  const writeText = vi.fn(() => Promise.resolve());
  vi.stubGlobal('navigator', { clipboard: { writeText } });
  show();
  await vi.waitFor(() => expect(row(RUN)!.textContent).toContain(evil));
  row(RUN)!.focus();
  press('w');
  await seen('Run in float32.');
  expect(document.activeElement).toBe(el.querySelector('.jp-Workbench-inspector'));
  expect(el.textContent).toContain('It came to 7 of 46 cells, which are kept.');
  expect(el.querySelector('img')).toBeNull();
  button('Copy details')!.click();
  expect(writeText).toHaveBeenCalledWith(`${evil}\nRun in float32.\nTraceback …`);
  vi.unstubAllGlobals();
});

test('a failed run of an older version says that its reason was not kept', async () => {
  kernel.answers['runs.list'] = () => ({ runs: [entry({ status: 'failed', answer: '' })] });
  kernel.answers['runs.why'] = () => ({ failure: null, cells: 1, expected: null });
  show({ cursor: RUN });
  await seen('an older version stored the run');
  expect(el.textContent).toContain('It came to 1 cell, which is kept.');
});

const REPLAYED = '20261126-150000-aaaa';
const replayJob: Job = {
  job: 'job-7',
  view: 'runs.replay',
  status: 'running',
  stage: 'singles',
  done: 6,
  total: 34,
  elapsed: 2,
  left: 8,
  run: REPLAYED,
  error: null,
};

/** The list as it is after a replay of a run with so many identical images of 34. */
function withReplay(run: string, identical: number, name = REPLAYED): RunEntry[] {
  const replay = { run, images: 34, identical, max_difference: 34 - identical };
  return [entry({ run: name, replay }), entry({ run: OTHER }), entry()];
}

test('a finished run is replayed, and the end says whether the images are the same', async () => {
  kernel.answers['runs.replay'] = () => ({ job: 'job-7' });
  show({ cursor: RUN });
  await seen('found set 2, 3');
  button('Replay, about 5 s')!.click();
  await vi.waitFor(() => expect(kernel.names()).toContain('runs.replay'));
  expect(kernel.asked.find(({ name }) => name === 'runs.replay')!.payload).toEqual({ runs: [RUN] });
  kernel.event('job', replayJob);
  await seen('6 of 34 images');
  expect(button('Replay, about 5 s')!.getAttribute('aria-disabled')).toBe('true');
  kernel.answers['runs.list'] = () => ({ runs: withReplay(RUN, 34) });
  kernel.event('job', { ...replayJob, status: 'done', done: 34, left: null });
  await seen(`Run ${RUN} replayed: same images.`);
  expect(row(REPLAYED)!.textContent).toContain('replay of 101e: same images');
});

test('a replay that failed says what was wrong, and one that is found running can be cancelled', async () => {
  kernel.answers.hello = () => ({
    version: 1,
    package: '0.1.0',
    python: '3.11.0',
    views: ['runs'],
    store: '/s',
    jobs: [replayJob],
  });
  kernel.answers['jobs.cancel'] = () => ({ cancelled: true });
  show();
  await seen('6 of 34 images');
  button('Cancel')!.click();
  await vi.waitFor(() => expect(kernel.names()).toContain('jobs.cancel'));
  const error = { type: 'input', message: 'Expected the same weights; got others.', hint: 'Choose another.' } as const;
  kernel.event('job', { ...replayJob, status: 'failed', left: null, error });
  await seen('Expected the same weights; got others.');
  expect(el.querySelector('.jp-Workbench-progress')).toBeNull();
});

test('two compared runs are replayed together, and both outcomes stand among what differs', async () => {
  kernel.answers['runs.list'] = () => ({ runs: [entry({ run: OTHER }), entry()] });
  kernel.answers['runs.replay'] = () => ({ job: 'job-7' });
  show({ selected: [OTHER, RUN] });
  await seen('1 of 2 are equal');
  button('Replay both, about 10 s')!.click();
  await vi.waitFor(() =>
    expect(kernel.asked.find(({ name }) => name === 'runs.replay')?.payload).toEqual({ runs: [OTHER, RUN] }),
  );
  kernel.answers['runs.list'] = () => ({
    runs: [...withReplay(RUN, 30), ...withReplay(OTHER, 34, '20261126-150001-bbbb').slice(0, 1)],
  });
  kernel.event('job', { ...replayJob, status: 'done', left: null });
  const differ = '4 of 34 images differ, by at most 4 of 255 grey levels';
  await seen(`Run ${OTHER} replayed: same images. Run ${RUN} replayed: ${differ}.`);
  const line = [...el.querySelectorAll('.jp-Workbench-differences tbody tr')].at(-1)!;
  expect([...line.children].map(cell => cell.textContent)).toEqual(['Replay', 'same images', differ]);
});

test('without a replay for the kind of run there is no button', async () => {
  kernel.answers['runs.list'] = () => ({
    runs: [entry({ run: OTHER, replayable: false }), entry({ replayable: false })],
  });
  show({ cursor: RUN, selected: [OTHER, RUN] });
  await seen('1 of 2 are equal');
  expect([...el.querySelectorAll('button')].filter(each => each.textContent!.startsWith('Replay'))).toEqual([]);
});

test('two localisations are laid over each other, and what differs is bold', async () => {
  show();
  await seen('found set 2, 3');
  row(OTHER)!.focus();
  press(' ');
  row(RUN)!.focus();
  press(' ');
  await seen('1 of 2 are equal');
  await vi.waitFor(() => expect(el.querySelectorAll('.jp-Workbench-chart .jp-mod-line')).toHaveLength(2));
  const differs = el.querySelector('.jp-mod-differs')!;
  expect(differs.textContent).toBe('config.seeds.001');
  expect(el.textContent).toContain('config.model');
  button('Hide equal ones')!.click();
  await vi.waitFor(() => expect(el.textContent).not.toContain('config.model'));
  expect(kept['selected']).toEqual([OTHER, RUN]);
});

test('models with other numbers of sites are compared over relative depth', () => {
  const stored = result();
  const count = stored.site_map.sites.length;
  const [first, last] = [profileOf(stored, true)[0]!, profileOf(stored, true).at(-1)!];
  expect([first.across, last.across]).toEqual([0, 1]);
  expect(profileOf(stored, false).at(-1)!.across).toBe(count - 1);
});

test('the filter knows its columns, and everything else is a word', () => {
  const shown = (line: string, change: Partial<RunEntry> = {}) => fits(readFilter(line), entry(change), 'Patching');
  expect(shown('model:UNET kind:patch state:done after:2026-11-26')).toBe(true);
  expect(shown('kind:localize')).toBe(true);
  expect(shown('state:any')).toBe(true);
  expect(shown('model:mmdit')).toBe(false);
  expect(shown('state:failed')).toBe(false);
  expect(shown('after:2026-11-27')).toBe(false);
  expect(shown('after:2026-11-26T14:38')).toBe(false);
  expect(shown('set 2,')).toBe(true);
  expect(shown('eval(1)')).toBe(false);
  expect(shown('constructor:x')).toBe(false);
  expect(shown('model: (.*')).toBe(false);
  expect(wrongTime(readFilter('after:yesterday'))).toBe('yesterday');
  expect(wrongTime(readFilter('after:2026'))).toBeUndefined();
});

test('a store of a newer version is said, and nothing else is shown', async () => {
  const message = 'Expected a run store of version 1 or older; got version 7.';
  kernel.answers['runs.list'] = () => ({ type: 'input', message, hint: 'Update attention-workbench.' });
  show();
  await seen(message);
  expect(el.querySelector('[role=grid]')).toBeNull();
});

test('the list is asked for again when a job ends, and a running one shows how far it is', async () => {
  const job: Job = {
    job: 'job-1',
    view: 'patching',
    status: 'running',
    stage: 'singles',
    done: 6,
    total: 46,
    elapsed: 2,
    left: null,
    run: OTHER,
    error: null,
  };
  show();
  await seen('found set 2, 3');
  kernel.event('job', job);
  await seen('Running, 6 of 46');
  const before = kernel.names().filter(name => name === 'runs.list').length;
  kernel.event('job', { ...job, done: 7 });
  await seen('Running, 7 of 46');
  expect(kernel.names().filter(name => name === 'runs.list')).toHaveLength(before);
  kernel.event('job', { ...job, status: 'done' });
  await vi.waitFor(() => expect(kernel.names().filter(name => name === 'runs.list')).toHaveLength(before + 1));
});

test('untrusted text is shown as text', async () => {
  const evil = '<img src=x onerror="window.broken=true">';
  kernel.answers['runs.list'] = () => ({ runs: [entry({ model: evil, answer: evil, verb: evil, view: null })] });
  show({ line: evil.slice(0, 5) });
  await seen(evil);
  expect(el.querySelector('img')).toBeNull();
});
