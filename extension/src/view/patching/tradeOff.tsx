/** Effect against drift: nested sets, random sets, and the rule that chooses the smallest set. */
import { useState } from 'preact/hooks';

import type { ArmScore } from '../../protocol/messages';
import { Button } from '../parts/button';
import { Chart, type ChartFrame, DataTable } from '../parts/chart';
import { useAction, useTrans } from '../parts/context';
import { NumberField } from '../parts/fields';
import { percent, range, score } from '../parts/numbers';
import { usePatching } from './context';
import { driftBound, keyOf } from './localization';
import { RuleHandles } from './ruleHandles';

export function TradeOff() {
  const trans = useTrans();
  const patching = usePatching();
  const [table, setTable] = useState(false);
  useAction('table', () => setTable(!table));
  const result = patching.result!;
  const { choice } = patching;
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Smallest set that meets the rule')}
        <Button
          bare
          kind="quiet"
          icon="table"
          label={trans.__('Show as a table')}
          pressed={table}
          onClick={() => setTable(!table)}
        />
      </h3>
      {table ? (
        <SetTable />
      ) : result.trade_off.length > 0 ? (
        <Plot />
      ) : (
        <p class="jp-Workbench-note">{trans.__('Sets are patched once every site was patched alone.')}</p>
      )}
      <div class="jp-Workbench-rule" role="group" aria-label={trans.__('Rule')}>
        <NumberField
          label={trans.__('Effect, % of all sites')}
          value={Math.round(100 * choice.share)}
          low={1}
          high={100}
          onChange={share => patching.change({ share: share / 100 })}
        />
        <NumberField
          label={trans.__('Drift beyond all sites')}
          value={choice.margin}
          low={0}
          high={1}
          step={0.01}
          onChange={margin => patching.change({ margin })}
        />
      </div>
    </section>
  );
}

function Plot() {
  const trans = useTrans();
  const patching = usePatching();
  const { choice, chosen } = patching;
  // The rule as the axes took it in when a handle was taken hold of.
  const [held, setHeld] = useState<{ needed: number; bound: number } | null>(null);
  const result = patching.result!;
  const everything = result.all_sites;
  const bound = driftBound(result, choice.margin) ?? 0;
  const needed = choice.share * (everything?.effect ?? 0);
  const shown = [
    ...result.trade_off,
    ...result.random_sets,
    ...(everything ? [everything] : []),
    ...(chosen ? [chosen] : []),
  ];
  const summary = chosen
    ? trans.__(
        'Sites %1 reach %2 with drift %3; the rule asks for %4 with drift at most %5.',
        chosen.sites.join(', '),
        score(chosen.effect),
        score(chosen.drift),
        score(needed),
        score(bound),
      )
    : trans.__('No set reaches %1 with drift at most %2.', score(needed), score(bound));
  // A ring that lies under the one before it has no room for its number; the table has them all.
  const apart = (frame: ChartFrame, one: ArmScore): boolean => {
    const before = result.trade_off[result.trade_off.indexOf(one) - 1];
    const across = before ? frame.x(one.drift) - frame.x(before.drift) : 20;
    return Math.hypot(across, before ? frame.y(one.effect) - frame.y(before.effect) : 0) > 14;
  };
  return (
    <Chart
      summary={summary}
      across={{ label: trans.__('Drift, 1 − SSIM'), values: [...shown.map(one => one.drift), held?.bound ?? bound] }}
      up={{
        label: trans.__('Effect on target text'),
        values: [...shown.map(one => one.effect), held?.needed ?? needed],
      }}
      over={frame =>
        everything && (
          <RuleHandles
            frame={frame}
            everything={everything}
            onHold={holds => setHeld(holds ? { needed, bound } : null)}
          />
        )
      }
    >
      {frame => (
        <>
          <Rule frame={frame} needed={needed} bound={bound} />
          {result.random_sets.map((one, place) => (
            <circle key={place} class="jp-mod-random" cx={frame.x(one.drift)} cy={frame.y(one.effect)} r="3" />
          ))}
          <polyline
            class="jp-mod-line"
            points={result.trade_off.map(one => `${frame.x(one.drift)},${frame.y(one.effect)}`).join(' ')}
          />
          {result.trade_off.map(one => (
            <g key={one.arm}>
              <line
                class="jp-mod-band"
                x1={frame.x(one.drift)}
                x2={frame.x(one.drift)}
                y1={frame.y(one.ci[0])}
                y2={frame.y(one.ci[1])}
              />
              <circle class="jp-mod-ring" cx={frame.x(one.drift)} cy={frame.y(one.effect)} r="4" />
              {apart(frame, one) && (
                <text x={frame.x(one.drift) + 7} y={frame.y(one.effect) + 12}>
                  {one.sites.length}
                </text>
              )}
            </g>
          ))}
          {chosen && <circle class="jp-mod-chosen" cx={frame.x(chosen.drift)} cy={frame.y(chosen.effect)} r="6" />}
        </>
      )}
    </Chart>
  );
}

/** The corner in which a set meets the rule. */
function Rule({ frame, needed, bound }: { frame: ChartFrame; needed: number; bound: number }) {
  const trans = useTrans();
  const { choice } = usePatching();
  const [left, top] = [frame.x(0), frame.y(needed)];
  const atRight = frame.x(bound) > frame.width - 80;
  return (
    <>
      <rect
        class="jp-mod-corner"
        x={left}
        y={12}
        width={Math.max(0, frame.x(bound) - left)}
        height={Math.max(0, top - 12)}
      />
      <line class="jp-mod-rule" x1={left} x2={frame.width} y1={top} y2={top} />
      <line class="jp-mod-rule" x1={frame.x(bound)} x2={frame.x(bound)} y1={12} y2={frame.height} />
      <text class="jp-mod-end" x={frame.width} y={top - 4}>
        {trans.__('%1 of all sites', percent(choice.share))}
      </text>
      <text class={atRight ? 'jp-mod-end' : undefined} x={frame.x(bound) + (atRight ? -4 : 4)} y={frame.height - 6}>
        {trans.__('bound %1', score(bound))}
      </text>
    </>
  );
}

function SetTable() {
  const trans = useTrans();
  const { result, chosen } = usePatching();
  const heads = [trans.__('Sites'), trans.__('Effect'), trans.__('95 % CI'), trans.__('Drift'), trans.__('Chosen')];
  const rows = [...result!.trade_off, ...result!.random_sets].map(one => [
    one.sites.join(', '),
    score(one.effect),
    range(one.ci),
    score(one.drift),
    chosen && keyOf(chosen.sites) === keyOf(one.sites) ? trans.__('yes') : '',
  ]);
  return (
    <DataTable caption={trans.__('Sets of sites, nested ones first, then random ones')} heads={heads} rows={rows} />
  );
}
