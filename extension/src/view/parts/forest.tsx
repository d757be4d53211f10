/** One row of a forest plot: the mean as a tick over its interval, on an axis that all rows share. */
import type { Interval } from '../../protocol/messages';
import { axis, score } from './numbers';

export interface ForestAxis {
  low: number;
  high: number;
  ticks: number[];
  /** Interval of a control; drawn behind every row. */
  band: Interval | null;
  /** A reference value; a dashed line through every row. */
  reference: number | null;
}

/** An axis that holds zero, all values and the controls. */
export function forestAxis(values: number[], band: Interval | null, reference: number | null): ForestAxis {
  const all = [0, 0.1, ...values, ...(band ?? []), ...(reference === null ? [0.5] : [reference])];
  return { ...axis(Math.min(...all), Math.max(...all)), band, reference };
}

function place(at: ForestAxis, value: number): string {
  return `${(100 * (Math.min(at.high, Math.max(at.low, value)) - at.low)) / (at.high - at.low)}%`;
}

function span(at: ForestAxis, [low, high]: Interval): { left: string; right: string } {
  return { left: place(at, low), right: `calc(100% - ${place(at, high)})` };
}

/** A row; without values only the controls are drawn. */
export function ForestRow({ at, mean, ci }: { at: ForestAxis; mean?: number; ci?: Interval }) {
  return (
    <div class="jp-Workbench-forest" aria-hidden="true">
      {at.band && <i class="jp-Workbench-forestBand" style={span(at, at.band)} />}
      <i class="jp-Workbench-forestZero" style={{ left: place(at, 0) }} />
      {at.reference !== null && <i class="jp-Workbench-forestAll" style={{ left: place(at, at.reference) }} />}
      {ci && <i class="jp-Workbench-forestInterval" style={span(at, ci)} />}
      {mean !== undefined && <i class="jp-Workbench-forestMean" style={{ left: place(at, mean) }} />}
    </div>
  );
}

/** The head of the column: the ticks, and a word at the reference. */
export function ForestHead({ at, reference }: { at: ForestAxis; reference: string }) {
  const near = (tick: number): boolean =>
    at.reference !== null && Math.abs(tick - at.reference) < 0.12 * (at.high - at.low);
  const decimals = Number.isInteger(at.ticks[1]! * 10) ? 1 : 2;
  return (
    <div class="jp-Workbench-forest jp-mod-head" aria-hidden="true">
      {at.ticks
        .filter(tick => !near(tick))
        .map(tick => (
          <span key={tick} style={{ left: place(at, tick) }}>
            {Math.abs(tick) < 1e-9 ? '0' : score(tick, decimals)}
          </span>
        ))}
      {at.reference !== null && <span style={{ left: place(at, at.reference) }}>{reference}</span>}
    </div>
  );
}
