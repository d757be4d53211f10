/** The gap against the number of nodes, both on logarithmic axes, with the bound below which it is certified. */
import { useState } from 'preact/hooks';

import type { ExplainedText } from '../../protocol/messages';
import { Button } from '../parts/button';
import { Chart, type ChartFrame, DataTable } from '../parts/chart';
import { useAction, useTrans } from '../parts/context';
import { percent, powerOfTen } from '../parts/numbers';

/** A gap of nothing has no logarithm. */
const SMALLEST = 1e-8;

export function Convergence({ text, bound }: { text: ExplainedText; bound: number }) {
  const trans = useTrans();
  const [table, setTable] = useState(false);
  useAction('table', () => setTable(!table));
  const heads = [trans.__('Nodes'), trans.__('Gap')];
  const rows = text.curve.map(([nodes, gap]) => [String(nodes), percent(gap, 3)]);
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Convergence')}
        <Button
          bare
          kind="quiet"
          icon="table"
          label={trans.__('Show convergence as a table')}
          pressed={table}
          onClick={() => setTable(!table)}
        />
      </h3>
      {table ? (
        <DataTable caption={trans.__('Gap after each number of nodes')} heads={heads} rows={rows} />
      ) : (
        <Plot text={text} bound={bound} />
      )}
    </section>
  );
}

function Plot({ text, bound }: { text: ExplainedText; bound: number }) {
  const trans = useTrans();
  const log = (value: number): number => Math.log10(Math.max(value, SMALLEST));
  const points = text.curve.map(([nodes, gap]) => [log(nodes), log(gap)] as const);
  const [last] = text.curve.slice(-1);
  const summary = trans.__(
    'The gap is %1 with %2 nodes; the bound is %3.',
    percent(last?.[1] ?? text.gap, 2),
    last?.[0] ?? 0,
    percent(bound, 1),
  );
  return (
    <Chart
      summary={summary}
      across={{ label: trans.__('Nodes'), values: [...points.map(([nodes]) => nodes), 2], show: powerOfTen }}
      up={{ label: trans.__('Relative gap'), values: [...points.map(([, gap]) => gap), log(bound)], show: powerOfTen }}
    >
      {frame => (
        <>
          <Certified frame={frame} bound={log(bound)} />
          <polyline
            class="jp-mod-line"
            points={points.map(([nodes, gap]) => `${frame.x(nodes)},${frame.y(gap)}`).join(' ')}
          />
          {points.map(([nodes, gap], place) => (
            <circle
              key={place}
              class={place === points.length - 1 ? 'jp-mod-chosen' : 'jp-mod-ring'}
              cx={frame.x(nodes)}
              cy={frame.y(gap)}
              r={place === points.length - 1 ? 5 : 3.5}
            />
          ))}
        </>
      )}
    </Chart>
  );
}

function Certified({ frame, bound }: { frame: ChartFrame; bound: number }) {
  const trans = useTrans();
  const top = frame.y(bound);
  return (
    <>
      <rect
        class="jp-mod-corner"
        x={frame.x(0)}
        y={top}
        width={Math.max(0, frame.width - frame.x(0))}
        height={Math.max(0, frame.height - top)}
      />
      <line class="jp-mod-rule" x1={frame.x(0)} x2={frame.width} y1={top} y2={top} />
      <text class="jp-mod-end" x={frame.width} y={top + 12}>
        {trans.__('certified below')}
      </text>
    </>
  );
}
