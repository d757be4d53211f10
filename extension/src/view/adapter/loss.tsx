/** The loss of each step: raw points faint, the centred mean of nine on top, the same for everyone. */
import { useState } from 'preact/hooks';

import { Button } from '../parts/button';
import { Chart, DataTable } from '../parts/chart';
import { useAction, useTrans } from '../parts/context';
import { count, score } from '../parts/numbers';

const WINDOW = 9;
const ROWS = 20;

/** Means of whole windows, each at the step in its middle; steps count from 1. */
export function centredMeans(losses: number[]): [number, number][] {
  return losses.slice(WINDOW - 1).map((_, place) => {
    const window = losses.slice(place, place + WINDOW);
    return [place + (WINDOW + 1) / 2, window.reduce((sum, loss) => sum + loss, 0) / WINDOW];
  });
}

export function Loss({ losses, steps }: { losses: number[]; steps: number }) {
  const trans = useTrans();
  const [table, setTable] = useState(false);
  useAction('table', () => setTable(!table));
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Loss')}
        <small>{trans.__('points: steps; line: mean of %1', WINDOW)}</small>
        <Button
          bare
          kind="quiet"
          icon="table"
          label={trans.__('Show the loss as a table')}
          pressed={table}
          onClick={() => setTable(!table)}
        />
      </h3>
      {table ? <LossTable losses={losses} /> : <LossPlot losses={losses} steps={steps} />}
    </section>
  );
}

function LossPlot({ losses, steps }: { losses: number[]; steps: number }) {
  const trans = useTrans();
  const means = centredMeans(losses);
  const [, first] = means[0] ?? [0, losses[0]!];
  const [, last] = means.at(-1) ?? [0, losses.at(-1)!];
  const summary = trans.__(
    'Loss of %1 of %2 steps, mean from %3 to %4.',
    losses.length,
    steps,
    score(first, 3),
    score(last, 3),
  );
  return (
    <Chart
      summary={summary}
      across={{ label: trans.__('Step'), values: [steps], show: count }}
      up={{ label: trans.__('Mean squared error'), values: losses }}
    >
      {frame => (
        <>
          {/* One path of dots: a training may have thousands of steps. */}
          <path
            class="jp-mod-dots"
            d={losses.map((loss, place) => `M${frame.x(place + 1)} ${frame.y(loss)}h0`).join('')}
          />
          <polyline
            class="jp-mod-line"
            points={means.map(([step, mean]) => `${frame.x(step)},${frame.y(mean)}`).join(' ')}
          />
        </>
      )}
    </Chart>
  );
}

/** At most so many rows: evenly chosen steps. */
function LossTable({ losses }: { losses: number[] }) {
  const trans = useTrans();
  const means = new Map(centredMeans(losses));
  const stride = Math.max(1, Math.ceil(losses.length / ROWS));
  const rows = losses
    .map((loss, place) => [place + 1, loss] as const)
    .filter(([step]) => step % stride === 0)
    .map(([step, loss]) => {
      const mean = means.get(step);
      return [count(step), score(loss, 4), mean === undefined ? '–' : score(mean, 4)];
    });
  const heads = [trans.__('Step'), trans.__('Loss'), trans.__('Mean of %1', WINDOW)];
  return <DataTable caption={trans.__('Loss by step')} heads={heads} rows={rows} />;
}
