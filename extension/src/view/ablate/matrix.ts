/** What a cell of the matrix stands for, in numbers and in words. */
import type { AblateResult, AblateRow, Refusal, Spread } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { percent, score, signed } from '../parts/numbers';
import type { Mode } from './ablate';

export const BASELINE = 'baseline';
/** Closer than so many points to the baseline, or than two of its standard deviations, counts as kept. */
const POINTS_KEPT = 1;

export function rowOf(result: AblateResult, system: string, variant: string): AblateRow | undefined {
  return result.rows.find(row => row.system === system && row.variant === variant);
}

/** The accuracy that a mode shows; what was finetuned after its conversion is not among it. */
export function accuracyOf(row: AblateRow, mode: Mode): Spread {
  return mode === 'convert' && row.variant !== BASELINE ? row.converted_accuracy : row.accuracy;
}

/** Change of accuracy against the system's baseline, in points; null while one of them is not measured. */
export function pointsOf(result: AblateResult, row: AblateRow, mode: Mode): number | null {
  const base = rowOf(result, row.system, BASELINE)?.accuracy;
  const own = accuracyOf(row, mode);
  return own && base ? 100 * (own.mean - base.mean) : null;
}

/** Whether a variant stays as good as its baseline. */
export function keeps(result: AblateResult, row: AblateRow, mode: Mode): boolean {
  const points = pointsOf(result, row, mode);
  const sd = rowOf(result, row.system, BASELINE)?.accuracy?.sd ?? 0;
  return points !== null && points >= -Math.max(POINTS_KEPT, 200 * sd);
}

/** What is printed in a cell. */
export function printed(result: AblateResult, row: AblateRow, mode: Mode, trans: Trans): string {
  if (row.status === 'refused') {
    return trans.__('refused');
  }
  const points = pointsOf(result, row, mode);
  if (row.status === 'failed') {
    return '✕';
  }
  if (points === null) {
    return row.status === 'running' ? percent(row.seeds_done / result.seeds) : '';
  }
  const value = row.variant === BASELINE ? percent(row.accuracy!.mean, 1) : signed(points, 1);
  return row.seeds_done < result.seeds ? `${value} (${row.seeds_done}/${result.seeds})` : value;
}

/** The same for screen readers, as a sentence without colours and shapes. */
export function spoken(result: AblateResult, row: AblateRow, mode: Mode, trans: Trans): string {
  const name = `${row.system}, ${row.variant}`;
  const points = pointsOf(result, row, mode);
  if (row.status === 'refused') {
    return trans.__('%1: refused, %2', name, row.reason);
  }
  if (points !== null && row.status !== 'failed') {
    const accuracy = percent(accuracyOf(row, mode)!.mean, 1);
    return row.variant === BASELINE
      ? trans.__('%1: accuracy %2', name, accuracy)
      : trans.__('%1: %2 points, accuracy %3', name, signed(points, 1), accuracy);
  }
  const states = {
    waiting: trans.__('waiting'),
    running: trans.__('running'),
    part: trans.__('not all seeds are measured'),
    failed: trans.__('failed'),
    done: trans.__('no figure in this mode'),
  };
  return `${name}: ${states[row.status]}`;
}

/** Refusals by their reason, the commonest first. */
export function byReason(refusals: readonly Refusal[]): [string, Refusal[]][] {
  const groups = new Map<string, Refusal[]>();
  for (const refusal of refusals) {
    groups.set(refusal.reason, [...(groups.get(refusal.reason) ?? []), refusal]);
  }
  return [...groups].sort(([, one], [, other]) => other.length - one.length);
}

export function spread(found: Spread, decimals = 3): string {
  return found ? `${score(found.mean, decimals)}${found.sd > 0 ? ` ± ${score(found.sd, decimals)}` : ''}` : '–';
}
