/** The row of a site, and the cells that it shares with the pinned rows. */
import type { Site } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { ForestRow } from '../parts/forest';
import { PixelImage } from '../parts/image';
import { range, score } from '../parts/numbers';
import { HeatRow } from '../parts/ramp';
import { usePatching } from './context';
import { leftOut } from './localization';
import { rowScore, type Table } from './table';
import type { Brush } from './useBrush';
import { useShownImage } from './useShownImage';

interface SiteRowProps {
  site: Site;
  short: string;
  /** In the tree: 2 under its group, 1 in a list that is ordered by a figure. */
  level: 1 | 2;
  table: Table;
  brush: Brush;
}

export function SiteRow({ site, short, level, table, brush }: SiteRowProps) {
  const trans = useTrans();
  const patching = usePatching();
  const selected = patching.combining.selection.includes(site.index);
  const one = rowScore(patching, site.index);
  const screened = leftOut(patching.result, site.index);
  const unmeasured = screened
    ? trans.__('Site %1, %2: left out, one-step effect %3', site.index, site.name, score(screened.effect))
    : trans.__('Site %1, %2: not measured yet', site.index, site.name);
  const name = one
    ? trans.__(
        'Site %1, %2: effect %3, interval %4, drift %5',
        site.index,
        site.name,
        score(one.effect),
        range(one.ci),
        score(one.drift),
      )
    : unmeasured;
  return (
    <div
      class={`jp-Workbench-row${selected ? ' jp-mod-selected' : ''}${patching.cursor === site.index ? ' jp-mod-cursor' : ''}`}
      role="row"
      aria-level={level}
      aria-selected={selected}
      aria-label={name}
      data-row={site.index}
      tabIndex={table.tab === site.index ? 0 : -1}
      onClick={() => patching.moveCursor(site.index)}
      onPointerEnter={() => brush.pass(site.index)}
    >
      <div role="gridcell" class="jp-Workbench-site" title={site.name}>
        <span
          class="jp-Workbench-box"
          aria-hidden="true"
          onPointerDown={event => {
            event.preventDefault();
            brush.begin(site.index);
          }}
          onClick={event => event.stopPropagation()}
        />
        <span class="jp-Workbench-index">{site.index}</span>
        <code>{short}</code>
      </div>
      <ScoreCells row={site.index} table={table} />
    </div>
  );
}

/** Plot, figures, parts and image of a row; what is not measured is "…" or, where a screening left it out, "–". */
export function ScoreCells({ row, table }: { row: number | 'selected' | 'all'; table: Table }) {
  const trans = useTrans();
  const patching = usePatching();
  const one = rowScore(patching, row);
  const screened = typeof row === 'number' ? leftOut(patching.result, row) : undefined;
  const missing = screened ? '–' : '…';
  const image = useShownImage(one?.arm);
  const single = patching.result?.pairs.length === 1;
  return (
    <>
      <div role="gridcell" class="jp-mod-plot">
        {one ? (
          <ForestRow at={table.at} mean={one.effect} {...(single ? {} : { ci: one.ci })} />
        ) : (
          <ForestRow at={table.at} />
        )}
      </div>
      <div role="gridcell" class="jp-mod-figure">
        <b>{one ? score(one.effect) : missing}</b>
      </div>
      <div role="gridcell" class="jp-mod-figure jp-mod-interval">
        {one && !single ? range(one.ci) : ''}
        {!one && screened && <small>{trans.__('one step: %1', score(screened.effect))}</small>}
      </div>
      <div role="gridcell" class="jp-mod-figure">
        {one ? score(one.drift) : missing}
      </div>
      {table.heat && (
        <div role="gridcell" class="jp-mod-heat">
          {typeof row === 'number' && <HeatRow {...table.heat.rowOf(row)} limit={table.heat.limit} />}
        </div>
      )}
      <div role="gridcell" class="jp-mod-picture">
        <PixelImage image={image.loaded} alt={image.alt} />
      </div>
    </>
  );
}
