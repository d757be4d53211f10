import { expect, test } from 'vitest';

import type { ArmScore, PatchingResult } from '../src/protocol/messages';
import { english } from '../src/trans';
import { asSetup, changesSince, FIRST_CHOICE, readChoice, wrongWith } from '../src/view/patching/choice';
import { groupSites, leftOut } from '../src/view/patching/localization';
import { figuresOf, sentenceOf } from '../src/view/patching/verdict';
import { quotedText, quoteLast } from '../src/view/parts/prompt';
import { axis, score } from '../src/view/parts/numbers';
import { rampLevel, rampLimit } from '../src/view/parts/ramp';
import { MODEL, result } from './fakeKernel';

function arm(sites: number[], effect: number): ArmScore {
  const [low, high] = [effect - 0.05, effect + 0.05];
  const rest = { drift: 0.1, drift_ci: [0.05, 0.15], target_f1: effect, word_accuracy: effect, images: 4 } as const;
  return { arm: sites.join('+'), sites, effect, ci: [low, high], ...rest, drift_ci: [0.05, 0.15] };
}

function measured(change: Partial<PatchingResult> = {}): PatchingResult {
  return result({
    singles: [arm([0], 0.02), arm([1], 0.5), arm([2], 0.1)],
    all_sites: arm([0, 1, 2], 0.6),
    random_sets: [arm([0], 0.01), arm([2], 0.06)],
    trade_off: [arm([1], 0.5), arm([1, 2], 0.58)],
    ...change,
  });
}

test('a chosen set is told as its share of the effect of all sites', () => {
  expect(sentenceOf(measured(), arm([1, 2], 0.57), english)).toBe('2 of 3 sites carry 95 % of the text effect.');
  expect(sentenceOf(measured(), arm([1], 0.57), english)).toBe('1 of 3 sites carries 95 % of the text effect.');
});

test('without a set the closest one is named', () => {
  expect(sentenceOf(measured(), null, english)).toBe(
    'No set meets the rule. Closest: 2 sites, 97 % of the text effect.',
  );
});

test('a best site inside the random band is no finding, whatever the rule chose', () => {
  const weak = measured({ singles: [arm([0], 0.05)] });
  expect(sentenceOf(weak, arm([0], 0.05), english)).toMatch(/^No better than chance/);
});

test('a running result says so far and over how many pairs', () => {
  const running = measured({ status: 'running', pairs_done: 1 });
  expect(sentenceOf(running, undefined, english)).toBe('So far: site 1 has the largest effect, 0.50 (1 of 2 pairs).');
  expect(sentenceOf(measured({ status: 'running', singles: [] }), undefined, english)).toMatch(/nothing is measured/);
});

test('one pair has no interval, and the figures say so', () => {
  const one = measured({ pairs: measured().pairs.slice(0, 1) });
  expect(figuresOf(one, null, 0.05, english)[0]!.beside).toBe('one pair, no interval');
  expect(figuresOf(measured(), null, 0.05, english)[0]!.beside).toBe('0.45 – 0.55');
});

test('sites are grouped by their block, with names that tell them apart', () => {
  const [first] = result().site_map.sites;
  const named = (names: string[]) => groupSites(names.map((name, index) => ({ ...first!, name, index })));
  const blocks = named(['transformer_blocks.0.attn', 'transformer_blocks.1.attn']);
  expect(blocks.map(group => [group.name, group.sites.map(site => site.short)])).toEqual([
    ['transformer_blocks', ['blocks.0', 'blocks.1']],
  ]);
  const tail = 'transformer_blocks.0.attn2';
  const unet = named([
    `down_blocks.1.attentions.0.${tail}`,
    `down_blocks.1.attentions.1.transformer_blocks.1.attn2`,
    `mid_block.attentions.0.${tail}`,
  ]);
  expect(unet.map(group => [group.name, group.sites.map(site => site.short)])).toEqual([
    ['down_blocks.1', ['attentions.0.0', 'attentions.1.1']],
    ['mid_block', ['attentions.0']],
  ]);
});

test('quoted text is found, and a missing pair of quotes can be added', () => {
  expect(quotedText('says "OPEN" twice "NOT"')).toBe('OPEN');
  expect(quotedText('says OPEN')).toBe('');
  expect(quoteLast('A sign that says OPEN today')).toEqual({ word: 'OPEN', prompt: 'A sign that says "OPEN" today' });
  expect(quoteLast('une fête "')?.prompt).toBe('une "fête" ');
  expect(quoteLast('!!')).toBeNull();
});

test('what is wrong with a setup is found in the order of its fields', () => {
  const choice = { ...FIRST_CHOICE, model: MODEL };
  expect(wrongWith(choice)).toBeNull();
  expect(wrongWith({ ...choice, model: null })).toBe('no-model');
  expect(wrongWith({ ...choice, source: 'HELP' })).toBe('source');
  expect(wrongWith({ ...choice, target: choice.source })).toBe('same');
  expect(wrongWith({ ...choice, source: 'HELP', from: 'made' })).toBeNull();
});

test('a kept choice that does not fit is not taken over', () => {
  expect(readChoice({ ...FIRST_CHOICE, seeds: 5 }).seeds).toBe(5);
  expect(readChoice({ seeds: 1e9 }).seeds).toBe(FIRST_CHOICE.seeds);
  expect(readChoice({ model: { source: 'pickle', name: 'x' } }).model).toBeNull();
  expect(readChoice('<b>')).toEqual(FIRST_CHOICE);
});

test('changes since a run are named with both values', () => {
  const made = result();
  const same = { ...FIRST_CHOICE, model: { source: 'embedded', name: made.model } as const, from: 'made' as const };
  const swept = { heads: true, windows: 2 };
  const setup = { ...same, ...swept, made: made.pairs.length, seeds: made.seeds.length, steps: made.steps };
  expect(changesSince(made, setup)).toEqual([]);
  expect(changesSince(made, { ...setup, seeds: 7 })).toEqual([['seeds', '1', '7']]);
  expect(changesSince(made, { ...setup, heads: false })).toEqual([['heads', 'true', 'false']]);
});

test('numbers have a true minus and never a negative zero', () => {
  expect([score(-0.5), score(-0.001), score(0.125)]).toEqual(['−0.50', '0.00', '0.13']);
});

test('an axis is round, covers its values and has at most six ticks', () => {
  for (const [low, high] of [
    [0, 0.71],
    [-0.03, 1],
    [0, 0.004],
  ] as const) {
    const made = axis(low, high);
    expect(made.low).toBeLessThanOrEqual(low);
    expect(made.high).toBeGreaterThanOrEqual(high - 1e-9);
    expect(made.ticks.length).toBeLessThanOrEqual(6);
  }
});

test('the ramp is symmetric around zero and its limit is round', () => {
  expect([rampLevel(0, 1), rampLevel(1, 1), rampLevel(-9, 1)]).toEqual([10, 20, 0]);
  expect(rampLimit([0.01, -0.17, 0.12])).toBeCloseTo(0.2);
  expect(rampLimit([])).toBe(1);
});

test('a screening tells what it left out, and only that', () => {
  const screening = [1, 2, 0].map(site => ({ site, effect: site / 10, ci: [0, 0.1] as [number, number], aside: 0 }));
  const screened = measured({ screen: 1, screening });
  expect(leftOut(screened, 1)).toBeUndefined();
  expect(leftOut(screened, 2)?.effect).toBe(0.2);
  expect(leftOut(measured(), 2)).toBeUndefined();
  expect(leftOut(null, 2)).toBeUndefined();
});

test('a screening belongs to the setup, and another one counts as a change', () => {
  const choice = { ...FIRST_CHOICE, model: MODEL, screen: 8 };
  expect(asSetup(choice).screen).toBe(8);
  expect(changesSince(measured(), choice)).toContainEqual(['screen', '0', '8']);
  expect(changesSince(measured({ screen: 8 }), choice).map(([name]) => name)).not.toContain('screen');
  expect(readChoice({ ...choice, screen: -1 }).screen).toBe(0);
});
