/** Systems by variants: the change of accuracy in points, always printed, on a ramp; states differ in their shape. */
import { useRef } from 'preact/hooks';

import type { AblateResult, AblateRow } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { percent, score } from '../parts/numbers';
import { rampLevel, rampLimit, RampScale } from '../parts/ramp';
import { useAblate } from './context';
import { BASELINE, pointsOf, printed, spoken } from './matrix';
import { useMatrixKeys } from './useMatrixKeys';

export function Matrix({ result }: { result: AblateResult }) {
  const trans = useTrans();
  const ablate = useAblate();
  const grid = useRef<HTMLDivElement>(null);
  const press = useMatrixKeys(ablate, grid, result);
  const points = result.rows.map(row => pointsOf(result, row, ablate.mode) ?? 0);
  const limit = rampLimit(points);
  return (
    <section class="jp-Workbench-section">
      <div class="jp-Workbench-wide">
        <div
          ref={grid}
          class="jp-Workbench-matrix"
          role="grid"
          aria-label={trans.__('Change of accuracy in points, systems by variants')}
          aria-rowcount={result.systems.length + 1}
          style={{
            gridTemplateColumns: `minmax(96px, max-content) repeat(${result.variants.length}, minmax(60px, 1fr))`,
          }}
          onKeyDown={press}
        >
          <div role="row">
            <span role="columnheader">{trans.__('System')}</span>
            {result.variants.map(({ name, control }) => (
              <span role="columnheader" key={name}>
                {name.replaceAll('+', '+\u200b').replaceAll('_', '_\u200b')}
                {control && <small>{trans.__('control')}</small>}
              </span>
            ))}
          </div>
          {result.systems.map(system => (
            <div role="row" key={system}>
              <span role="rowheader">
                {system}
                <small>{trans.__('chance %1', percent(result.chance[system] ?? 0, 1))}</small>
              </span>
              {result.rows
                .filter(row => row.system === system)
                .map(row => (
                  <Cell key={row.variant} result={result} row={row} limit={limit} />
                ))}
            </div>
          ))}
        </div>
      </div>
      <p class="jp-Workbench-note jp-mod-spread">
        <span>{trans.__('Change of accuracy against the baseline of the same system, in points.')}</span>
        <RampScale limit={limit} low={score(-limit, 0)} high={`+${score(limit, 0)}`} />
      </p>
    </section>
  );
}

function Cell({ result, row, limit }: { result: AblateResult; row: AblateRow; limit: number }) {
  const trans = useTrans();
  const ablate = useAblate();
  const { cursor, mode } = ablate;
  const current = cursor?.system === row.system && cursor.variant === row.variant;
  const first = cursor === null && row === result.rows[0];
  const points = pointsOf(result, row, mode);
  const coloured = points !== null && row.variant !== BASELINE && row.status !== 'failed';
  return (
    <span
      role="gridcell"
      class={`jp-Workbench-cell${current ? ' jp-mod-cursor' : ''}`}
      data-state={row.status}
      data-cell={`${row.system} ${row.variant}`}
      data-level={coloured ? rampLevel(points, limit) : undefined}
      aria-selected={current}
      aria-label={spoken(result, row, mode, trans)}
      title={row.reason || undefined}
      tabIndex={current || first ? 0 : -1}
      onClick={() => ablate.moveCursor(row)}
    >
      {printed(result, row, mode, trans)}
      {row.status === 'refused' && <small>{row.reason}</small>}
    </span>
  );
}
