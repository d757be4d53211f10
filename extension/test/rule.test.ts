import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import type { ArmScore, Requests } from '../src/protocol/messages';
import { english } from '../src/trans';
import { mount } from '../src/view/mount';
import type { Kept } from '../src/view/view';
import { FakeKernel, result, RUN } from './fakeKernel';

let kernel: FakeKernel;
let el: HTMLElement;
let kept: Kept;
let unmount: () => void;

const handle = (name: string) => el.querySelector<HTMLElement>(`[role=slider][aria-label^="${name}"]`)!;
const value = (name: string) => Number(handle(name).getAttribute('aria-valuenow'));
const field = (name: string) => {
  const label = [...el.querySelectorAll('label')].find(each => each.textContent === name)!;
  return el.querySelector<HTMLInputElement>(`#${CSS.escape(label.htmlFor)}`)!;
};
const press = (name: string, key: string) =>
  handle(name).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
const asked = () =>
  kernel.asked
    .filter(message => message.name === 'patching.found')
    .map(({ payload }) => payload as Requests['patching.found'][0]);

function arm(sites: number[], effect: number, drift: number): ArmScore {
  const stored = result().all_sites!;
  const [ci, drift_ci] = [
    [effect, effect],
    [drift, drift],
  ] as [[number, number], [number, number]];
  return { ...stored, arm: sites.join('+'), sites, effect, ci, drift, drift_ci };
}

/** All sites have an effect of 0.8 and a drift of 0.1: the axes end at 0.8 and at 0.15 with the first rule. */
function measured(all = arm([0, 1, 2], 0.8, 0.1)) {
  return result({ all_sites: all, trade_off: [arm([1], 0.5, 0.05), arm([1, 2], 0.7, 0.08)], random_sets: [] });
}

async function open(): Promise<void> {
  kept = { run: RUN };
  el = document.createElement('div');
  document.body.append(el);
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  unmount = mount({ el, transport: kernel, view: 'patching', state, trans: english });
  await vi.waitFor(() => expect(handle('Drift')).not.toBeNull(), 3000);
}

function drag(name: string, x: number, y: number, type = 'pointermove'): void {
  handle(name).dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: x, clientY: y, bubbles: true }));
}

beforeEach(() => {
  kernel = new FakeKernel();
  kernel.answers['patching.result'] = () => measured();
  const box = { left: 100, top: 50, width: 432, height: 240, right: 532, bottom: 290, x: 100, y: 50 };
  vi.spyOn(HTMLElement.prototype, 'getBoundingClientRect').mockReturnValue({ ...box, toJSON: () => box });
});

afterEach(() => {
  unmount();
  el.remove();
  vi.restoreAllMocks();
});

test('each limit is a slider that says its value in words', async () => {
  await open();
  expect(handle('Effect').getAttribute('aria-valuetext')).toBe('90 % of all sites, effect 0.72');
  expect(handle('Effect').getAttribute('aria-orientation')).toBe('vertical');
  expect(handle('Drift').getAttribute('aria-valuetext')).toBe('0.15, that is 0.05 beyond all sites');
  expect(handle('Drift').closest('[role=img]')).toBeNull();
});

test('arrow keys move a limit, the field with it and the choice too, without a new forecast', async () => {
  await open();
  await vi.waitFor(() => expect(el.textContent).toContain('46 images'), 3000);
  const forecasts = kernel.names().filter(name => name === 'patching.forecast').length;
  press('Effect', 'ArrowDown');
  await vi.waitFor(() => expect(field('Effect, % of all sites').value).toBe('89'));
  expect(asked().at(-1)).toEqual({ run: RUN, share: 0.89, drift_margin: 0.05 });
  press('Drift', 'ArrowRight');
  await vi.waitFor(() => expect(field('Drift beyond all sites').value).toBe('0.06'));
  press('Drift', 'PageUp');
  await vi.waitFor(() => expect(value('Drift')).toBe(0.16));
  press('Drift', 'Home');
  await vi.waitFor(() => expect(value('Drift')).toBe(0));
  press('Drift', 'ArrowLeft');
  press('Effect', 'End');
  await vi.waitFor(() => expect(value('Effect')).toBe(1));
  expect([value('Drift'), kept['choice']]).toMatchObject([0, { share: 1, margin: 0 }]);
  await new Promise(done => setTimeout(done, 200));
  expect(el.textContent).toContain('46 images');
  expect(kernel.names().filter(name => name === 'patching.forecast').length).toBe(forecasts);
});

test('the fields move the limits', async () => {
  await open();
  const input = field('Effect, % of all sites');
  input.value = '50';
  input.dispatchEvent(new Event('input', { bubbles: true }));
  await vi.waitFor(() => expect(value('Effect')).toBe(0.5));
});

test('a limit is dragged on axes that stay, within the chart', async () => {
  await open();
  drag('Effect', 300, 200);
  expect(value('Effect')).toBe(0.9);
  drag('Effect', 300, 100, 'pointerdown');
  // The plot is 192 pixels high, from 62 to 254: half of the effect is in its middle.
  drag('Effect', 300, 158);
  await vi.waitFor(() => expect(value('Effect')).toBe(0.5));
  drag('Effect', 300, 999);
  await vi.waitFor(() => expect(value('Effect')).toBe(0.01));
  drag('Drift', 300, 200, 'pointerdown');
  // It is 380 pixels wide, from 140 on, and ends at a drift of 0.15.
  drag('Drift', 140 + 380 * 0.8, 200);
  await vi.waitFor(() => expect(value('Drift')).toBe(0.02));
  drag('Drift', 140 + 380, 200);
  await vi.waitFor(() => expect(value('Drift')).toBe(0.05));
  drag('Drift', 9999, 200);
  await vi.waitFor(() => expect(value('Drift')).toBe(0.05));
});

test('while an answer is on its way only the last rule is asked for', async () => {
  await open();
  delete kernel.answers['patching.found'];
  const before = asked().length;
  for (let times = 0; times < 5; times += 1) {
    press('Effect', 'ArrowDown');
    await vi.waitFor(() => expect(value('Effect')).toBeCloseTo(0.89 - 0.01 * times));
  }
  expect(
    asked()
      .slice(before)
      .map(({ share }) => share),
  ).toEqual([0.89]);
  kernel.answers['patching.found'] = () => ({ found: arm([1, 2], 0.7, 0.08) });
  const first = kernel.asked.filter(message => message.name === 'patching.found')[before]!;
  kernel.reply(first, { found: null });
  await vi.waitFor(() => expect(el.querySelector('h2')!.textContent).toContain('2 of 3 sites carry'));
  expect(
    asked()
      .slice(before)
      .map(({ share }) => share),
  ).toEqual([0.89, 0.85]);
});

test('without an effect of all sites there is no share of it to choose', async () => {
  kernel.answers['patching.result'] = () => measured(arm([0, 1, 2], 0, 0.1));
  await open();
  expect(handle('Effect')).toBeNull();
});
