/** Accuracy against parameters; for conversions, the change of outputs against the rank of queries and keys. */
import { useState } from 'preact/hooks';

import type { AblateResult, AblateRow } from '../../protocol/messages';
import { Button } from '../parts/button';
import { Chart, DataTable } from '../parts/chart';
import { useAction, useTrans } from '../parts/context';
import { count, parameters, percent, powerOfTen } from '../parts/numbers';
import { useAblate } from './context';
import { accuracyOf, BASELINE } from './matrix';

/** An exact conversion has no logarithm. */
const SMALLEST = 1e-8;

export function Plots({ result }: { result: AblateResult }) {
  const trans = useTrans();
  const { mode, cursor } = useAblate();
  const [table, setTable] = useState(false);
  useAction('table', () => setTable(!table));
  const system = cursor?.system ?? result.systems[0]!;
  const ranks = Object.keys(result.ranks[system] ?? {}).length > 0;
  return (
    <div class="jp-Workbench-two">
      <section class="jp-Workbench-section">
        <h3>
          {trans.__('Accuracy against size')}
          <Button
            bare
            kind="quiet"
            icon="table"
            label={trans.__('Show the plots as tables')}
            pressed={table}
            onClick={() => setTable(!table)}
          />
        </h3>
        {table ? <SizeTable result={result} /> : <SizePlot result={result} system={system} />}
      </section>
      {mode === 'convert' && ranks && (
        <section class="jp-Workbench-section">
          <h3>
            {trans.__('Change of outputs against rank')} <small>{system}</small>
          </h3>
          {table ? <RankTable result={result} system={system} /> : <RankPlot result={result} system={system} />}
        </section>
      )}
    </div>
  );
}

function sized(result: AblateResult): AblateRow[] {
  return result.rows.filter(row => row.accuracy !== null);
}

function SizePlot({ result, system }: { result: AblateResult; system: string }) {
  const trans = useTrans();
  const { mode, cursor } = useAblate();
  const rows = sized(result).filter(row => accuracyOf(row, mode) !== null);
  const own = rows.filter(row => row.system === system);
  const summary = trans._n(
    '%1 variant of %2: accuracy from %3 to %4.',
    '%1 variants of %2: accuracy from %3 to %4.',
    own.length,
    system,
    ...[Math.min, Math.max].map(bound => percent(bound(...own.map(row => accuracyOf(row, mode)!.mean)), 1)),
  );
  const ringOf = (row: AblateRow): string => {
    if (row.variant === cursor?.variant && row.system === system) {
      return 'jp-mod-chosen';
    }
    return row.system === system ? 'jp-mod-ring' : 'jp-mod-random';
  };
  return (
    <Chart
      summary={summary}
      across={{ label: trans.__('Parameters'), values: rows.map(row => row.parameters['total']!), show: thousands }}
      up={{ label: trans.__('Accuracy'), values: rows.map(row => accuracyOf(row, mode)!.mean) }}
    >
      {frame =>
        // The system under the cursor is drawn last, so above the others.
        [...rows.filter(row => row.system !== system), ...own].map(row => {
          const { mean, sd } = accuracyOf(row, mode)!;
          const x = frame.x(row.parameters['total']!);
          return (
            <g key={`${row.system} ${row.variant}`}>
              {row.system === system && sd > 0 && (
                <line class="jp-mod-band" x1={x} x2={x} y1={frame.y(mean - sd)} y2={frame.y(mean + sd)} />
              )}
              <circle class={ringOf(row)} cx={x} cy={frame.y(mean)} r={ringOf(row) === 'jp-mod-random' ? 3 : 5}>
                <title>{`${row.system}, ${row.variant}: ${percent(mean, 1)}`}</title>
              </circle>
              {row.system === system && row.variant === BASELINE && (
                <text class="jp-mod-end" x={x - 8} y={frame.y(mean) - 6}>
                  {trans.__('baseline')}
                </text>
              )}
            </g>
          );
        })
      }
    </Chart>
  );
}

function SizeTable({ result }: { result: AblateResult }) {
  const trans = useTrans();
  const { mode } = useAblate();
  const heads = [trans.__('System'), trans.__('Variant'), trans.__('Parameters'), trans.__('Accuracy')];
  const rows = sized(result).map(row => {
    const accuracy = accuracyOf(row, mode);
    return [row.system, row.variant, count(row.parameters['total']!), accuracy ? percent(accuracy.mean, 1) : '–'];
  });
  return <DataTable caption={trans.__('Accuracy and size of each variant')} heads={heads} rows={rows} />;
}

/** Form, rank and change of outputs, by rank. */
function rankPoints(result: AblateResult, system: string): [string, [number, number][]][] {
  return Object.entries(result.ranks[system] ?? {}).map(([form, errors]) => [
    form,
    Object.entries(errors)
      .filter((entry): entry is [string, number] => entry[1] !== null)
      .map(([rank, error]): [number, number] => [Number(rank), error])
      .sort(([one], [other]) => one - other),
  ]);
}

function RankPlot({ result, system }: { result: AblateResult; system: string }) {
  const trans = useTrans();
  const lines = rankPoints(result, system);
  const log = (error: number): number => Math.log10(Math.max(error, SMALLEST));
  const every = lines.flatMap(([, points]) => points);
  return (
    <Chart
      summary={trans.__('Change of outputs by rank of queries and keys: %1.', lines.map(([form]) => form).join(', '))}
      across={{ label: trans.__('Rank of a head'), values: every.map(([rank]) => rank), show: String }}
      up={{
        label: trans.__('Relative change of outputs'),
        values: every.map(([, error]) => log(error)),
        show: powerOfTen,
      }}
    >
      {frame =>
        lines.map(([form, points], place) => (
          <g key={form}>
            <polyline
              class={place === 0 ? 'jp-mod-line' : 'jp-mod-line jp-mod-second'}
              points={points.map(([rank, error]) => `${frame.x(rank)},${frame.y(log(error))}`).join(' ')}
            />
            {points.slice(-1).map(([rank, error]) => (
              <text key={form} class="jp-mod-end" x={frame.x(rank)} y={frame.y(log(error)) - 8}>
                {form}
              </text>
            ))}
          </g>
        ))
      }
    </Chart>
  );
}

function RankTable({ result, system }: { result: AblateResult; system: string }) {
  const trans = useTrans();
  const rows = rankPoints(result, system).flatMap(([form, points]) =>
    points.map(([rank, error]) => [form, String(rank), error.toExponential(1)]),
  );
  const heads = [trans.__('Form'), trans.__('Rank'), trans.__('Change of outputs')];
  return <DataTable caption={trans.__('Change of outputs by rank')} heads={heads} rows={rows} />;
}

function thousands(tick: number): string {
  return tick >= 1e6 ? parameters(tick) : `${Math.round(tick / 1000)} k`;
}
