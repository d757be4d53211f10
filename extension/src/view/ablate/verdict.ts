/** The answer of a matrix in one sentence and its figures, from a fixed template. */
import type { AblateResult, AblateRow } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { duration, signed } from '../parts/numbers';
import type { Figure } from '../parts/verdict';
import type { Mode } from './ablate';
import { BASELINE, keeps, pointsOf } from './matrix';

/** No better than the most frequent answer, by at least a point. */
const ABOVE_CHANCE = 0.01;

interface Tally {
  tried: AblateRow[];
  kept: AblateRow[];
  controls: AblateRow[];
  /** Systems on which attention that learns nothing of where to look does as well. */
  fooled: Set<string>;
  /** Systems whose baseline has learnt nothing, on which every variant looks as good. */
  idle: Set<string>;
}

function tally(result: AblateResult, mode: Mode): Tally {
  const control = new Set(result.variants.filter(variant => variant.control).map(variant => variant.name));
  const baselines = result.rows.filter(row => row.variant === BASELINE && row.accuracy !== null);
  const learnt = (row: AblateRow): boolean => row.accuracy!.mean > (result.chance[row.system] ?? 0) + ABOVE_CHANCE;
  const idle = new Set(baselines.filter(row => !learnt(row)).map(row => row.system));
  const measured = result.rows.filter(
    row => row.variant !== BASELINE && !idle.has(row.system) && pointsOf(result, row, mode) !== null,
  );
  const tried = measured.filter(row => !control.has(row.variant));
  const controls = measured.filter(row => control.has(row.variant));
  const good = (row: AblateRow): boolean => keeps(result, row, mode);
  return {
    tried,
    kept: tried.filter(good),
    controls,
    fooled: new Set(controls.filter(good).map(row => row.system)),
    idle,
  };
}

export function sentenceOf(result: AblateResult, mode: Mode, trans: Trans): string {
  const { tried, kept, fooled, idle } = tally(result, mode);
  const start = result.status === 'done' ? '' : trans.__('So far: ');
  const unlearnt =
    idle.size > 0
      ? ` ${trans._n(
          'On %1 system the baseline is no better than chance after %2 steps: train longer.',
          'On %1 systems the baseline is no better than chance after %2 steps: train longer.',
          idle.size,
          result.steps,
        )}`
      : '';
  if (tried.length === 0 && idle.size > 0) {
    return `${start}${trans.__('Nothing can be compared.')}${unlearnt}`;
  }
  if (tried.length === 0) {
    return `${start}${trans.__('no variant is measured yet.')}`;
  }
  const how = mode === 'convert' ? trans.__('Converted') : trans.__('Trained from scratch');
  const found = trans.__('%1, %2 of %3 variants stay as good as their baseline.', how, kept.length, tried.length);
  const warning =
    fooled.size > 0
      ? ` ${trans._n(
          'On %1 system a control does as well, which shows nothing about attention there.',
          'On %1 systems a control does as well, which shows nothing about attention there.',
          fooled.size,
        )}`
      : '';
  return `${start}${found}${warning}${unlearnt}`;
}

export function figuresOf(result: AblateResult, mode: Mode, trans: Trans): Figure[] {
  const { tried, controls } = tally(result, mode);
  const refused = result.rows.filter(row => row.status === 'refused').length;
  const ordered = [...tried].sort((one, other) => pointsOf(result, other, mode)! - pointsOf(result, one, mode)!);
  const named = (label: string, row: AblateRow | undefined): Figure[] => {
    const value = row && signed(pointsOf(result, row, mode)!, 1);
    return row && value ? [{ label, value, beside: `${row.variant}, ${row.system}` }] : [];
  };
  const best = [...controls].sort((one, other) => pointsOf(result, other, mode)! - pointsOf(result, one, mode)!)[0];
  return [
    ...named(trans.__('Best variant, points'), ordered[0]),
    ...named(trans.__('Worst variant, points'), ordered.length > 1 ? ordered.at(-1) : undefined),
    ...named(trans.__('Best control, points'), best),
    { label: trans.__('Refused'), value: String(refused), beside: trans.__('of %1 cells', result.rows.length) },
    {
      label: trans.__('Time'),
      value: duration(result.seconds, trans),
      beside: trans._n('%1 seed, %2 steps', '%1 seeds, %2 steps', result.seeds, result.steps),
    },
  ];
}
