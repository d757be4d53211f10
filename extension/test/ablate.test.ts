import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';

import samples from '../../workbench/ui/samples.json';
import type { AblateResult, AblateRow, Job } from '../src/protocol/messages';
import { VERSION } from '../src/protocol/schema';
import { english } from '../src/trans';
import { keeps, pointsOf, printed, spoken } from '../src/view/ablate/matrix';
import { sentenceOf } from '../src/view/ablate/verdict';
import { mount } from '../src/view/mount';
import type { Kept } from '../src/view/view';
import { FakeKernel, RUN } from './fakeKernel';

let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;

function sampled<Payload>(name: string): Payload {
  const found = samples.find(({ message }) => message.kind === 'reply' && message.name === name);
  return structuredClone(found!.message.payload) as Payload;
}

function row(variant: string, accuracy: number | null, change: Partial<AblateRow> = {}): AblateRow {
  const [sample] = sampled<AblateResult>('ablate.result').rows;
  const spread = accuracy === null ? null : { mean: accuracy, sd: 0 };
  const status = accuracy === null ? 'waiting' : 'done';
  const seeds_done = accuracy === null ? 0 : 1;
  return { ...sample!, system: 'vision/minimal', variant, status, seeds_done, accuracy: spread, ...change };
}

function result(change: Partial<AblateResult> = {}): AblateResult {
  return {
    ...sampled<AblateResult>('ablate.result'),
    run: RUN,
    systems: ['vision/minimal'],
    variants: ['baseline', 'symmetric', 'collapsed_qk', 'uniform'].map(name => ({ name, control: name === 'uniform' })),
    rows: [
      row('baseline', 0.9),
      row('symmetric', 0.85),
      row('collapsed_qk', null, { status: 'refused', reason: 'rotary positions' }),
      row('uniform', 0.4, { converted_accuracy: { mean: 0.2, sd: 0 } }),
    ],
    ...change,
  };
}

const refused = { system: 'language/sqa', variant: 'collapsed_qk', reason: 'rotary positions', nearest: 'symmetric' };

function job(change: Partial<Job> = {}): Job {
  const times = { elapsed: 2, left: 3, stage: 'vision/minimal symmetric 0', done: 1, total: 4, error: null };
  return { job: 'job-1', view: 'ablate', status: 'running', run: RUN, ...times, ...change };
}

function open(before: Kept = {}): void {
  kept = before;
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  unmount = mount({ el, transport: kernel, view: 'ablate', state, trans: english });
}

// Slow machines run this too: what is waited for is a fact, not a time.
const until = <Found>(check: () => Found) => vi.waitFor(check, 15_000);
const seen = (text: string) => until(() => expect(el.textContent).toContain(text));
const button = (name: string) => [...el.querySelectorAll('button')].find(each => each.textContent === name);
const cells = () => [...el.querySelectorAll<HTMLElement>('[role=gridcell]')];
const press = (key: string) =>
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));

vi.setConfig({ testTimeout: 60_000 });
beforeAll(() => import('../src/view/ablate'), 60_000);

beforeEach(() => {
  kernel = new FakeKernel();
  Object.assign(kernel.answers, {
    hello: () => ({ version: VERSION, package: '0', python: '3', views: [], store: '/s', jobs: [] }),
    'ablate.options': () => sampled('ablate.options'),
    'ablate.plan': () => ({ cells: 8, refused: [refused], trainings: 7, seconds: 90 }),
    'ablate.start': () => ({ job: 'job-1' }),
    'ablate.result': () => result(),
    'runs.resume': () => ({ job: 'job-2' }),
  });
});

afterEach(() => {
  unmount?.();
  el?.remove();
});

test('cells and refusals are counted before anything runs, with their reasons', async () => {
  open();
  await seen('8 cells, 1 refused');
  expect(el.textContent).toContain('7 trainings, about 1 min 30 s');
  expect(el.querySelector('details')!.textContent).toContain('rotary positions');
  expect(kernel.names()).not.toContain('ablate.start');
});

test('the first open shows a recorded matrix, which a run replaces', async () => {
  const recorded = result({ run: '00000000-000000-0000', status: 'done', seconds: 12 });
  kernel.answers['examples.get'] = () => ({
    setup: { systems: ['vision/tnt'], variants: ['no_mlp'], seeds: 1, steps: 30, finetune: 0 },
    results: [recorded],
    items: [],
  });
  open({ choice: { systems: ['language/sqa'], variants: ['no_vo'], seeds: 2, steps: 2, finetune: 0 } });
  await seen('A recorded run. Nothing has run on this machine.');
  expect(cells().length).toBeGreaterThan(2);
  button('Run it here, about 12 s')!.click();
  await until(() => expect(kernel.names()).toContain('ablate.start'));
  const asked = kernel.asked.find(message => message.name === 'ablate.start')!;
  expect(asked.payload).toMatchObject({ systems: ['vision/tnt'], seeds: 1 });
  await until(() => expect(el.textContent).not.toContain('A recorded run.'));
});

test('the nearest variant that works is one click away', async () => {
  open({ choice: { systems: ['language/sqa'], variants: ['collapsed_qk'], seeds: 1, steps: 2, finetune: 0 } });
  await seen('1 refused');
  button('Add symmetric')!.click();
  await until(() => expect(kept['choice']).toMatchObject({ variants: ['collapsed_qk', 'symmetric'] }));
});

test('the matrix fills while it runs, and states differ in more than colour', async () => {
  open();
  await seen('8 cells');
  button('Run')!.click();
  await until(() => expect(kernel.names()).toContain('ablate.start'));
  await new Promise(done => setTimeout(done));
  const rows = [row('baseline', 0.9), row('symmetric', null, { status: 'running' }), row('uniform', null)];
  const variants = rows.map(({ variant }) => ({ name: variant, control: false }));
  kernel.event('job', job());
  kernel.event('job.partial', { job: 'job-1', view: 'ablate', data: result({ status: 'running', rows, variants }) });
  await until(() => expect(cells()).toHaveLength(3));
  expect(cells().map(cell => cell.dataset['state'])).toEqual(['done', 'running', 'waiting']);
  expect(cells().map(cell => cell.textContent)).toEqual(['90.0 %', '0 %', '']);
  expect(kept['run']).toBe(RUN);
  kernel.event('job', job({ status: 'done', left: null, done: 4 }));
  await seen(`Finished. Saved as run ${RUN}.`);
});

test('arrows move in the matrix, Enter opens a cell against its baseline', async () => {
  open({ run: RUN });
  await until(() => expect(cells()).toHaveLength(4));
  cells()[0]!.focus();
  press('ArrowRight');
  await until(() => expect(cells()[1]!.tabIndex).toBe(0));
  const inspector = el.querySelector('aside')!;
  expect(inspector.textContent).toContain('symmetric');
  expect(inspector.textContent).toContain('0.850');
  press('End');
  await until(() => expect(document.activeElement).toBe(cells()[3]));
  press('Enter');
  expect(document.activeElement).toBe(inspector);
  press('Escape');
  expect(document.activeElement).toBe(cells()[3]);
});

test('a stopped run can go on', async () => {
  kernel.answers['ablate.result'] = () => result({ status: 'interrupted' });
  open({ run: RUN });
  await until(() => expect(button('Go on with the run')).toBeDefined());
  button('Go on with the run')!.click();
  await until(() => expect(kernel.asked.at(-1)?.payload).toEqual({ run: RUN }));
});

test('the mode of conversions shows their accuracy', async () => {
  open({ run: RUN });
  await until(() => expect(cells()).toHaveLength(4));
  button('Convert')!.click();
  await until(() => expect(cells()[3]!.textContent).toBe('\u221270.0'));
  expect(kept['mode']).toBe('convert');
});

test('untrusted names are shown as text', async () => {
  const evil = '<img src=x onerror="window.broken=true">';
  kernel.answers['ablate.result'] = () => result({ systems: [evil], rows: [row('baseline', 0.5, { system: evil })] });
  open({ run: RUN });
  await seen(evil);
  expect(el.querySelector('img')).toBeNull();
});

test('kept data of another shape is as at the first start', async () => {
  open({ choice: { systems: 'all', variants: [3] }, cursor: 'x', run: '../../etc', mode: 3 });
  await seen('8 cells');
  expect(kernel.names()).not.toContain('ablate.result');
});

test('a cell prints points against the baseline of its system and says so', () => {
  const whole = result();
  const [, symmetric, collapsed, uniform] = whole.rows;
  expect(pointsOf(whole, symmetric!, 'scratch')).toBeCloseTo(-5);
  expect(printed(whole, symmetric!, 'scratch', english)).toBe('\u22125.0');
  expect(spoken(whole, symmetric!, 'scratch', english)).toContain('\u22125.0 points, accuracy 85.0 %');
  expect(spoken(whole, collapsed!, 'scratch', english)).toContain('refused, rotary positions');
  expect(pointsOf(whole, uniform!, 'convert')).toBeCloseTo(-70);
});

test('what stays within a point, or two deviations of the baseline, is kept', () => {
  const whole = result();
  expect(keeps(whole, row('symmetric', 0.895), 'scratch')).toBe(true);
  expect(keeps(whole, row('symmetric', 0.88), 'scratch')).toBe(false);
  whole.rows[0]!.accuracy = { mean: 0.9, sd: 0.02 };
  expect(keeps(whole, row('symmetric', 0.87), 'scratch')).toBe(true);
});

test('the sentence warns where a control does as well', () => {
  expect(sentenceOf(result(), 'scratch', english)).toBe(
    'Trained from scratch, 0 of 1 variants stay as good as their baseline.',
  );
  const fooled = result({ rows: [row('baseline', 0.5), row('symmetric', 0.5), row('uniform', 0.5)] });
  expect(sentenceOf(fooled, 'scratch', english)).toContain('On 1 system a control does as well');
  const idle = { ...fooled, chance: { 'vision/minimal': 0.5 } };
  expect(sentenceOf(idle, 'scratch', english)).toMatch(/^Nothing can be compared. On 1 system the baseline/);
  expect(sentenceOf({ ...fooled, status: 'running' }, 'scratch', english)).toMatch(/^So far: /);
});
