import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { Job } from '../src/protocol/messages';
import { Listeners } from '../src/protocol/transport';
import { english } from '../src/trans';
import { mount } from '../src/view/mount';
import type { Action, Kept, Mounting } from '../src/view/view';
import { FakeKernel, MODEL, result, RUN } from './fakeKernel';

let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;
const actions = new Listeners<[Action]>();

function open(before: Kept = {}, extras: Partial<Mounting> = {}): void {
  kept = before;
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  const onAction = (listener: (action: Action) => void) => actions.add(listener);
  unmount = mount({ el, transport: kernel, view: 'patching', state, trans: english, onAction, ...extras });
}

const rows = () => [...el.querySelectorAll<HTMLElement>('[role=row][data-row]')];
const row = (name: string | number) => rows().find(each => each.dataset['row'] === String(name));
const button = (name: string) =>
  [...el.querySelectorAll('button')].find(each => [each.textContent, each.ariaLabel].includes(name));
const seen = (text: string) => vi.waitFor(() => expect(el.textContent).toContain(text), 3000);

function job(change: Partial<Job> = {}): Job {
  const times = { elapsed: 2, left: 3, stage: 'singles', done: 6, total: 46 };
  return { job: 'job-1', view: 'patching', status: 'running', run: RUN, error: null, ...times, ...change };
}

beforeEach(() => {
  kernel = new FakeKernel();
});

afterEach(() => {
  unmount();
  el.remove();
});

test('the first open lists the sites, forecasts and runs nothing', async () => {
  open();
  await seen('46 images');
  expect(rows().filter(each => each.getAttribute('aria-level') === '2').length).toBe(3);
  expect(row(0)!.getAttribute('aria-label')).toContain('not measured yet');
  expect(kernel.names()).not.toContain('patching.start');
});

test('labels of two open panels mean the fields of their own panel', async () => {
  open();
  await seen('46 images');
  const [first, closeFirst] = [el, unmount];
  open();
  await seen('46 images');
  const ids = [...document.querySelectorAll('[id]')].map(each => each.id);
  expect(new Set(ids).size).toBe(ids.length);
  const labels = [...el.querySelectorAll('label')].filter(label => label.htmlFor);
  expect(labels.length).toBeGreaterThan(3);
  expect(labels.every(label => el.contains(document.getElementById(label.htmlFor)))).toBe(true);
  closeFirst();
  first.remove();
});

test('a run sends the setup, shows progress and fills rows while it goes on', async () => {
  open();
  await seen('46 images');
  button('Run')!.click();
  await vi.waitFor(() => expect(kernel.names()).toContain('patching.start'));
  kernel.event('job', job());
  await seen('6 of 46 images');
  const running = result({ status: 'running', pairs_done: 1 });
  kernel.event('job.partial', { job: 'job-1', view: 'patching', data: running });
  await seen('So far: ');
  expect(row(1)!.getAttribute('aria-label')).toContain('effect 0.00');
  expect(kept['run']).toBe(RUN);
  kernel.event('job', job({ status: 'done', left: null }));
  await seen(`Finished. Saved as run ${RUN}.`);
  // The speed is known better now.
  await vi.waitFor(() => expect(kernel.names().filter(name => name === 'patching.forecast')).toHaveLength(2));
});

const RECORDED = '00000000-000000-0000';

function withExample(): void {
  const recorded = result({ run: RECORDED, status: 'done', seconds: 41, pairs: result().pairs });
  const items = recorded.pairs.flatMap((_, pair) => [{ pair, seed: 0, arm: 'source', text: 'HELP' }]);
  const setup = { model: MODEL, pairs: 2, seeds: 1, steps: null, step_windows: 4, share: 0.9, drift_margin: 0.05 };
  kernel.answers['examples.get'] = () => ({ setup, results: [recorded], items });
}

test('the first open shows a recorded run, says so, and runs it here on request alone', async () => {
  withExample();
  open();
  await seen('A recorded run. Nothing has run on this machine.');
  await vi.waitFor(() => expect(row(0)!.getAttribute('aria-label')).toContain('effect'));
  expect(button('Keep as found set')).toBeUndefined();
  expect(kernel.names()).not.toContain('images.get');
  expect(kept['run']).toBeUndefined();
  await seen('46 images');
  button('Sites × heads')!.click();
  button('Run it here, about 41 s')!.click();
  await vi.waitFor(() => expect(kernel.names()).toContain('patching.start'));
  const asked = kernel.asked.find(message => message.name === 'patching.start')!;
  expect(asked.payload).toMatchObject({ model: MODEL, pairs: 2, seeds: 1, heads: false, step_windows: 4 });
  await vi.waitFor(() => expect(el.textContent).not.toContain('A recorded run.'));
});

test('sites of a recorded run are not patched together', async () => {
  withExample();
  open();
  await seen('A recorded run.');
  row(1)!.focus();
  row(1)!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', shiftKey: true, bubbles: true }));
  await seen('patched together once it runs here');
  await new Promise(resolve => setTimeout(resolve, 700));
  expect(kernel.names()).not.toContain('patching.combine');
});

test('a recorded run of another model than the chosen one is not shown', async () => {
  withExample();
  open({ choice: { model: { source: 'folder', name: '/models/mine' } } });
  await seen('46 images');
  expect(el.textContent).not.toContain('A recorded run.');
});

test('a panel that has a run does not ask for the recorded one', async () => {
  withExample();
  open({ run: RUN });
  await seen('No set meets the rule');
  expect(kernel.names()).not.toContain('examples.get');
});

test('partial results of another panel are not shown', async () => {
  open();
  await seen('46 images');
  kernel.event('job.partial', { job: 'job-9', view: 'patching', data: result({ status: 'running' }) });
  expect(el.textContent).not.toContain('So far');
});

test('cancel names the job, and the kept images are said', async () => {
  open();
  await seen('46 images');
  button('Run')!.click();
  await vi.waitFor(() => expect(kernel.names()).toContain('patching.start'));
  kernel.event('job', job());
  await seen('6 of 46 images');
  kernel.answers['jobs.cancel'] = () => ({ cancelled: true });
  button('Cancel')!.click();
  await vi.waitFor(() => expect(kernel.asked.at(-1)?.payload).toEqual({ job: 'job-1' }));
  kernel.event('job', job({ status: 'cancelled', left: null }));
  await seen('6 images are kept');
  await vi.waitFor(() => expect(button('Go on with the run') ?? button('Run again')).toBeDefined());
});

test('a run that goes on from another panel is followed', async () => {
  kernel.answers['patching.result'] = () => result({ status: 'interrupted' });
  open({ run: RUN });
  await seen('Go on with the run');
  kernel.event('job', job({ job: 'job-7', done: 9 }));
  await seen('9 of 46 images');
  kernel.event('job.partial', { job: 'job-7', view: 'patching', data: result() });
  kernel.event('job', job({ job: 'job-7', status: 'done', left: null }));
  await seen(`Finished. Saved as run ${RUN}.`);
});

test('a failed run keeps the last result under a notice with its hint', async () => {
  open({ run: RUN });
  await seen('No set meets the rule');
  button('Run again')!.click();
  await vi.waitFor(() => expect(kernel.names()).toContain('patching.start'));
  const error = { type: 'memory', message: 'Out of memory at batch 1.', hint: 'Use bf16.', details: 'Trace' } as const;
  kernel.event('job', job({ status: 'failed', left: null, error }));
  await seen('Out of memory at batch 1.');
  expect(el.querySelector('[role=alert]')!.textContent).toContain('Use bf16.');
  expect(button('Copy details')).toBeDefined();
  expect(row(0)!.getAttribute('aria-label')).toContain('effect');
});

test('untrusted text is shown as text', async () => {
  const evil = '<img src=x onerror="window.broken=true">';
  kernel.answers['patching.result'] = () => result({ model: evil, site_map: { ...result().site_map, model: evil } });
  kernel.answers['models.sites'] = () => ({ type: 'refused', message: evil, hint: evil });
  open({ run: RUN });
  await seen(evil);
  expect([...el.querySelectorAll('img')].every(image => !image.getAttribute('src')?.startsWith('x'))).toBe(true);
});

test('a prompt without quotes cannot be run, and one click repairs it', async () => {
  open({ choice: { source: 'A sign that says HELP' } });
  await seen('No quoted text.');
  expect(button('Run')!.getAttribute('aria-disabled')).toBe('true');
  button('Quote HELP')!.click();
  await vi.waitFor(() => expect(el.textContent).not.toContain('No quoted text.'));
});

test('brushed sites of a finished run are patched together, once for each set', async () => {
  kernel.answers['patching.combine'] = () => ({ job: 'job-2' });
  open({ run: RUN });
  await vi.waitFor(() => expect(row(1)).toBeDefined());
  row(1)!.focus();
  row(1)!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', shiftKey: true, bubbles: true }));
  await seen('Selected: 1, 2');
  await vi.waitFor(() => expect(kernel.names().filter(name => name === 'patching.combine')).toHaveLength(1), 3000);
  expect(kernel.asked.find(message => message.name === 'patching.combine')!.payload).toEqual({
    run: RUN,
    sites: [1, 2],
  });
  expect(kept['selection']).toEqual([1, 2]);
});

test('arrows move the one row that has the focus; a group closes to the left', async () => {
  open();
  await vi.waitFor(() => expect(row(1)).toBeDefined());
  row(0)!.focus();
  row(0)!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
  await vi.waitFor(() => expect(rows().filter(each => each.tabIndex === 0)).toHaveLength(1));
  const group = rows().find(each => each.dataset['row']?.startsWith('group:'))!;
  group.focus();
  group.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', bubbles: true }));
  await vi.waitFor(() => expect(row(0)).toBeUndefined());
});

test('a column orders the sites by their figure, and back', async () => {
  const stored = result();
  const singles = stored.singles.map((one, place) => ({ ...one, effect: [0.1, 0.7, 0.4][place] ?? -1 }));
  kernel.answers['patching.result'] = () => result({ singles });
  open({ run: RUN });
  await vi.waitFor(() => expect(row(1)).toBeDefined());
  const sites = () => rows().flatMap(({ dataset }) => (/^\d+$/.test(dataset['row']!) ? [Number(dataset['row'])] : []));
  const inModel = sites();
  button('Effect')!.click();
  await vi.waitFor(() => expect(sites().slice(0, 3)).toEqual([1, 2, 0]));
  expect(kept['sort']).toBe('effect');
  expect(el.querySelector('[aria-sort=descending]')!.textContent).toBe('Effect');
  button('Site')!.click();
  await vi.waitFor(() => expect(sites()).toEqual(inModel));
});

test('the menu of the bar hides the setup, which stays hidden after a reload', async () => {
  open({ run: RUN });
  await seen('No set meets the rule');
  el.querySelector<HTMLElement>('[aria-label=More]')!.click();
  await vi.waitFor(() => expect(document.activeElement?.textContent).toBe('Hide the setup'));
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
  expect(document.activeElement?.textContent).toBe('Copy the id of the run');
  button('Hide the setup')!.click();
  await vi.waitFor(() => expect(el.textContent).not.toContain('Source prompt'));
  expect(el.querySelector('[role=menu]')).toBeNull();
  unmount();
  open(kept);
  await seen('No set meets the rule');
  expect(el.textContent).not.toContain('Source prompt');
});

test('beside a notebook the script can be inserted there', async () => {
  const insert = vi.fn();
  open({ run: RUN }, { insert });
  await seen('No set meets the rule');
  el.querySelector<HTMLElement>('[aria-label=More]')!.click();
  await vi.waitFor(() => expect(button('Insert below the active cell')).toBeDefined());
  button('Insert below the active cell')!.click();
  await vi.waitFor(() => expect(insert).toHaveBeenCalledWith('from workbench import localize'));
});

test('a kept set offers only the panels that the kernel and the browser both have', async () => {
  const stored = result();
  kernel.answers['patching.keep'] = () => ({ path: '/s/found/mine.json' });
  kernel.answers.hello = () => ({
    version: 1,
    package: '0.1.0',
    python: '3.11.0',
    views: ['patching', 'no-such-view'],
    store: '/s',
    jobs: [],
  });
  kernel.answers['patching.result'] = () => result({ found: null });
  kernel.answers['patching.found'] = () => ({ found: stored.singles[0]! });
  open({ run: RUN }, { open: vi.fn() });
  await vi.waitFor(() => expect(button('Keep as found set')).toBeDefined());
  button('Keep as found set')!.click();
  await vi.waitFor(() => expect(button('Keep')).toBeDefined());
  button('Keep')!.click();
  await seen('Kept as /s/found/mine.json');
  expect(button('Edit text')).toBeUndefined();
  expect(button('Train adapter')).toBeUndefined();
});

test('images of a row come as binary data and are given up with the view', async () => {
  const revoked = vi.spyOn(URL, 'revokeObjectURL');
  open({ run: RUN });
  await vi.waitFor(() => expect(el.querySelectorAll('img').length).toBeGreaterThan(3), 3000);
  const shown = new Set([...el.querySelectorAll('img')].map(image => image.src));
  // Rows ask for thumbnails, the inspector for whole images.
  const asked = () => kernel.asked.filter(({ name }) => name === 'images.get').map(({ payload }) => payload);
  await vi.waitFor(() => expect(new Set(asked().map(payload => 'width' in payload))).toEqual(new Set([true, false])));
  unmount();
  await vi.waitFor(() => {
    const gone = new Set(revoked.mock.calls.map(([url]) => url));
    expect([...shown].filter(url => !gone.has(url))).toEqual([]);
  });
});

test('after a lost connection the view asks for everything again', async () => {
  open({ run: RUN });
  await vi.waitFor(() => expect(kernel.names()).toContain('patching.result'));
  kernel.asked = [];
  kernel.become('lost', false);
  await seen('Connection lost');
  kernel.become('restarted', true);
  await seen('Restarted');
  await vi.waitFor(() => expect(kernel.names()).toEqual(expect.arrayContaining(['hello', 'patching.result'])));
});

test('a reload finds the job that is still running', async () => {
  kernel.answers.hello = () => ({
    version: 1,
    package: '0.1.0',
    python: '3.11.0',
    views: [],
    store: '',
    jobs: [job({ done: 20 })],
  });
  kernel.answers['patching.result'] = () => result({ status: 'running', pairs_done: 1 });
  open({ run: RUN });
  await seen('20 of 46 images');
  await seen('So far');
});

test('keyboard commands turn pairs and show the keys', async () => {
  open({ run: RUN, cursor: 0 });
  await seen('pair 1 of 2');
  actions.tell('pair-on');
  await seen('pair 2 of 2');
  actions.tell('pair-on');
  await seen('pair 1 of 2');
  actions.tell('keys');
  await seen('previous, next seed');
});

test('an unknown view is a notice, not an empty panel', async () => {
  openUnknown();
  await seen('There is no view "nothing" here.');
});

function openUnknown(): void {
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => ({}), set: () => undefined };
  unmount = mount({ el, transport: kernel, view: 'nothing', state, trans: english });
}

test('a screening is asked for with the number of sites to keep, and left-out rows say so', async () => {
  open();
  await seen('46 images');
  const sites = [...el.querySelectorAll('select')].find(each => each.value === 'all')!;
  sites.value = 'screened';
  sites.dispatchEvent(new Event('change', { bubbles: true }));
  await vi.waitFor(() => expect(el.textContent).toContain('Sites to keep'));
  button('Run')!.click();
  await vi.waitFor(() => expect(kernel.names()).toContain('patching.start'));
  expect(kernel.asked.find(message => message.name === 'patching.start')!.payload).toMatchObject({ screen: 8 });
  kernel.event('job', job({ stage: 'screening', done: 1, total: 2 }));
  await seen('1 of 2 pairs');
  const { singles } = result();
  const screening = [0, 1, 2].map(site => ({ site, effect: 0.5 - site / 4, ci: [0, 1] as [number, number], aside: 0 }));
  const data = result({ status: 'running', screen: 2, screening, singles: singles.filter(one => one.sites[0] !== 2) });
  kernel.event('job.partial', { job: 'job-1', view: 'patching', data });
  await vi.waitFor(() => expect(row(2)!.getAttribute('aria-label')).toContain('left out, one-step effect 0.00'));
  expect(row(2)!.textContent).toContain('one step: 0.00');
  expect(row(1)!.getAttribute('aria-label')).toContain('drift');
});
