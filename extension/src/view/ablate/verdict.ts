/** The answer of a matrix in one sentence and its figures, from a fixed template. */
import type { AblateResult, AblateRow } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { duration, signed } from '../parts/numbers';
import type { Figure } from '../parts/verdict';
import type { Mode } from './ablate';
import { BASELINE, keeps, pointsOf } from './matrix';

interface Tally {
  tried: AblateRow[];
  kept: AblateRow[];
  controls: AblateRow[];
  /** Systems on which attention that learns nothing of where to look does as well. */
  fooled: Set<string>;
}

function tally(result: AblateResult, mode: Mode): Tally {
  const control = new Set(result.variants.filter(variant => variant.control).map(variant => variant.name));
  const measured = result.rows.filter(row => row.variant !== BASELINE && pointsOf(result, row, mode) !== null);
  const tried = measured.filter(row => !control.has(row.variant));
  const controls = measured.filter(row => control.has(row.variant));
  const good = (row: AblateRow): boolean => keeps(result, row, mode);
  return { tried, kept: tried.filter(good), controls, fooled: new Set(controls.filter(good).map(row => row.system)) };
}

export function sentenceOf(result: AblateResult, mode: Mode, trans: Trans): string {
  const { tried, kept, fooled } = tally(result, mode);
  const start = result.status === 'done' ? '' : trans.__('So far: ');
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
  return `${start}${found}${warning}`;
}

export function figuresOf(result: AblateResult, mode: Mode, trans: Trans): Figure[] {
  const { tried, controls } = tally(result, mode);
  const refused = result.rows.filter(row => row.status === 'refused').length;
  const ordered = [...tried].sort((one, other) => pointsOf(result, other, mode)! - pointsOf(result, one, mode)!);
  const named = (label: string, row: AblateRow | undefined): Figure[] => {
    const value = row && `${signed(pointsOf(result, row, mode)!, 1)} ${trans.__('points')}`;
    return row && value ? [{ label, value, beside: `${row.variant}, ${row.system}` }] : [];
  };
  const best = [...controls].sort((one, other) => pointsOf(result, other, mode)! - pointsOf(result, one, mode)!)[0];
  return [
    ...named(trans.__('Best variant'), ordered[0]),
    ...named(trans.__('Worst variant'), ordered.length > 1 ? ordered.at(-1) : undefined),
    ...named(trans.__('Best control'), best),
    { label: trans.__('Refused'), value: String(refused), beside: trans.__('of %1 cells', result.rows.length) },
    {
      label: trans.__('Time'),
      value: duration(result.seconds, trans),
      beside: trans._n('%1 seed, %2 steps', '%1 seeds, %2 steps', result.seeds, result.steps),
    },
  ];
}
