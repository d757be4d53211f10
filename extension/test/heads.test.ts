import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { HeadScore, PatchingResult } from '../src/protocol/messages';
import { english } from '../src/trans';
import { mount } from '../src/view/mount';
import { heatOf } from '../src/view/patching/heat';
import { headLimit, headsOf } from '../src/view/patching/localization';
import type { Kept } from '../src/view/view';
import { FakeKernel, result, RUN } from './fakeKernel';

let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;

function open(before: Kept): void {
  kept = before;
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  unmount = mount({ el, transport: kernel, view: 'patching', state, trans: english });
}

const button = (name: string) => [...el.querySelectorAll('button')].find(each => each.textContent === name);
const inspector = () => el.querySelector<HTMLElement>('.jp-Workbench-inspector')!;
const grid = () => inspector().querySelector<HTMLElement>('[role=grid]');
const cells = () => [...grid()!.querySelectorAll<HTMLElement>('[role=gridcell]')];
const title = (text: string) => vi.waitFor(() => expect(inspector().querySelector('h3')!.textContent).toContain(text));
const press = (key: string) =>
  document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));

function head(site: number, number: number, effect: number): HeadScore {
  const stored = result().head_scores[0]!;
  const ci: [number, number] = [effect - 0.05, effect + 0.05];
  return { head: number, score: { ...stored.score, arm: `${site}.h${number}`, sites: [site], effect, ci } };
}

/** Six heads a site, of which one is not measured yet. */
function swept(change: Partial<PatchingResult> = {}): PatchingResult {
  const { site_map } = result();
  const sites = site_map.sites.map(site => ({ ...site, heads: 6 }));
  const measured = [0, 1, 2, 3, 5].map(number => head(1, number, [0.02, 0.17, -0.04, 0, 0, 0.01][number]!));
  return result({ site_map: { ...site_map, sites }, head_scores: [head(0, 0, 0.01), ...measured], ...change });
}

beforeEach(() => {
  kernel = new FakeKernel();
  kernel.answers['patching.result'] = () => swept();
  unmount = () => undefined;
});

afterEach(() => {
  unmount();
  el?.remove();
});

test('heads are read by site, on one scale for all sites', () => {
  expect([...headsOf(swept(), 1).keys()]).toEqual([0, 1, 2, 3, 5]);
  expect(headsOf(swept(), 2).size).toBe(0);
  expect(headLimit(swept())).toBeCloseTo(0.05);
  expect(headLimit(result({ head_scores: [head(0, 0, 0.01), head(1, 1, -0.17)] }))).toBeCloseTo(0.01);
});

test('the table takes sites apart by step, else by head, else not', () => {
  expect(heatOf(swept(), english)!.title).toBe('By step, 0 – 1');
  const heads = heatOf(swept({ step_scores: [] }), english)!;
  expect(heads.title).toBe('By head');
  expect(heads.rowOf(1)).toEqual({
    names: [0, 1, 2, 3, 4, 5].map(number => `head ${number}`),
    values: [0.02, 0.17, -0.04, 0, null, 0.01],
  });
  expect(heatOf(swept({ step_scores: [], head_scores: [] }), english)).toBeNull();
});

test('the sweep is heads or steps, and the forecast is asked for again', async () => {
  open({});
  const asked = () => kernel.asked.filter(({ name }) => name === 'patching.forecast').at(-1)?.payload;
  const sweeps = (heads: boolean, step_windows: number) =>
    vi.waitFor(() => expect(asked()).toMatchObject({ heads, step_windows }), 3000);
  await sweeps(false, 1);
  button('Sites × heads')!.click();
  await sweeps(true, 1);
  await vi.waitFor(() => expect(button('Sites × heads')!.getAttribute('aria-pressed')).toBe('true'));
  button('Sites × steps')!.click();
  await sweeps(false, 4);
  button('Sites')!.click();
  await sweeps(false, 1);
});

test('the inspector of a site names every head with its effect; what is not measured is no zero', async () => {
  open({ run: RUN, cursor: 1 });
  await vi.waitFor(() => expect(grid()).not.toBeNull(), 3000);
  expect(grid()!.getAttribute('aria-label')).toBe('Effect of each head of site 1');
  expect(cells().map(cell => cell.getAttribute('aria-label')!.split(', ')[0])).toEqual([
    'Whole site: effect 0.00',
    'Head 0: effect 0.02',
    'Head 1: effect 0.17',
    'Head 2: effect −0.04',
    'Head 3: effect 0.00',
    'Head 4: not measured yet',
    'Head 5: effect 0.01',
  ]);
  expect(cells()[2]!.getAttribute('aria-label')).toContain('interval 0.12 – 0.22');
  expect(cells()[2]!.textContent).toBe('Head 10.17');
  expect(cells()[2]!.querySelector('.jp-mod-clipped')).not.toBeNull();
  expect(cells()[5]!.textContent).toBe('Head 4…');
  expect(cells().filter(cell => cell.tabIndex === 0)).toEqual([cells()[0]]);
});

test('a head shows its own images and figures, by mouse and by keys', async () => {
  open({ run: RUN, cursor: 1 });
  await vi.waitFor(() => expect(grid()).not.toBeNull(), 3000);
  cells()[2]!.click();
  await title('Site 1, head 1');
  await vi.waitFor(() => expect(inspector().querySelector('dd')!.textContent).toBe('0.17 (0.12 – 0.22)'));
  expect(document.activeElement).toBe(cells()[2]);
  expect(kept['head']).toBe(1);
  const arms = () =>
    kernel.asked.flatMap(({ name, payload }) =>
      name === 'images.get' ? (payload as { items: { arm: string }[] }).items.map(item => item.arm) : [],
    );
  await vi.waitFor(() => expect(arms()).toContain('1.h1'));
  press('ArrowDown');
  await title('Site 1, head 5');
  press('ArrowLeft');
  await title('Site 1, head 3');
  press('ArrowUp');
  await vi.waitFor(() => expect(cells()[0]!.getAttribute('aria-selected')).toBe('true'));
  await vi.waitFor(() => expect(inspector().querySelector('h3')!.textContent).not.toContain('head'));
  press('End');
  await title('Site 1, head 5');
  press('Escape');
  expect(document.activeElement!.closest('[role=treegrid]')).not.toBeNull();
});

test('a head that is not measured yet cannot be shown', async () => {
  open({ run: RUN, cursor: 1, head: 4 });
  await vi.waitFor(() => expect(grid()).not.toBeNull(), 3000);
  await title('Site 1');
  cells()[1]!.click();
  await title('Site 1, head 0');
  press('ArrowDown');
  cells()[5]!.click();
  await title('Site 1, head 0');
});

test('another row shows its whole site, and a reload the same head', async () => {
  open({ run: RUN, cursor: 1, head: 2 });
  await vi.waitFor(() => expect(grid()).not.toBeNull(), 3000);
  await title('Site 1, head 2');
  el.querySelector<HTMLElement>('[data-row="0"]')!.click();
  await title('Site 0');
  expect(inspector().querySelector('h3')!.textContent).not.toContain('head');
  expect(kept['head']).toBeNull();
});

test('a run of whole sites has no heads to show', async () => {
  kernel.answers['patching.result'] = () => swept({ head_scores: [] });
  open({ run: RUN, cursor: 1, head: 2 });
  await vi.waitFor(() => expect(inspector().textContent).toContain('Words right'), 3000);
  expect(grid()).toBeNull();
});
