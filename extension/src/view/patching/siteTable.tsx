/** One row for each site: its effect over the controls, drift, steps or heads and an image; pinned rows on top. */
import { useRef, useState } from 'preact/hooks';

import { useSurroundings, useTrans } from '../parts/context';
import { Icon } from '../parts/icon';
import { parameters } from '../parts/numbers';
import { RampScale } from '../parts/ramp';
import { usePatching } from './context';
import { groupSites, type SiteGroup, sortSites } from './localization';
import { PinnedRows } from './pinnedRows';
import { SiteHead } from './siteHead';
import { SiteRow } from './siteRow';
import { shownMap, sortValue, type Table, tableOf, visibleSites } from './table';
import { type Brush, useBrush } from './useBrush';
import { useGridKeys } from './useGridKeys';

export function SiteTable() {
  const { connection, trans } = useSurroundings();
  const patching = usePatching();
  const map = shownMap(patching);
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const grid = useRef<HTMLDivElement>(null);
  const brush = useBrush(patching);
  const groups = map === null ? [] : groupSites(map.sites);
  const sorted = patching.sort === 'site' ? null : sortSites(groups, site => sortValue(patching, site));
  const toggle = (name: string): void => setClosed(toggled(closed, name));
  const onKeyDown = useGridKeys(patching, grid, groups, closed, toggle);
  if (map === null) {
    const waiting = connection.transport.connected
      ? trans.__('Reading the sites of the model …')
      : trans.__('The kernel is starting …');
    return (
      <p class="jp-Workbench-note" aria-busy={!patching.problem}>
        {patching.problem ? '' : waiting}
      </p>
    );
  }
  const table = tableOf(patching, map, sorted?.map(({ site }) => site.index) ?? visibleSites(groups, closed), trans);
  return (
    <>
      <div
        ref={grid}
        class={`jp-Workbench-sites${table.heat ? ' jp-mod-heated' : ''}`}
        role="treegrid"
        aria-label={trans.__('Sites of %1', map.model)}
        aria-multiselectable
        aria-rowcount={map.sites.length}
        aria-busy={patching.isRunning}
        data-state={patching.result?.status ?? 'empty'}
        onKeyDown={onKeyDown}
      >
        <SiteHead table={table} />
        <PinnedRows table={table} />
        {sorted?.map(({ site, short }) => (
          <SiteRow key={site.index} site={site} short={short} level={1} table={table} brush={brush} />
        ))}
        {(sorted === null ? groups : []).map(group => (
          <Group
            key={group.name}
            group={group}
            table={table}
            closed={closed.has(group.name)}
            onToggle={() => toggle(group.name)}
            brush={brush}
          />
        ))}
      </div>
      <Foot table={table} />
    </>
  );
}

function Group(props: { group: SiteGroup; table: Table; closed: boolean; onToggle(): void; brush: Brush }) {
  const trans = useTrans();
  const { group, closed } = props;
  const first = group.sites[0]!.site;
  const even = group.sites.every(({ site }) => site.heads === first.heads && site.head_dim === first.head_dim);
  const about = trans._n('%1 site', '%1 sites', group.sites.length);
  const heads = trans.__(
    '%1 heads of %2, %3 text key and value parameters each',
    first.heads,
    first.head_dim,
    parameters(first.text_kv_parameters),
  );
  return (
    <>
      <div
        class="jp-Workbench-row jp-mod-group"
        role="row"
        aria-level={1}
        aria-expanded={!closed}
        data-row={`group:${group.name}`}
        tabIndex={props.table.tab === `group:${group.name}` ? 0 : -1}
        onClick={props.onToggle}
      >
        <div role="gridcell">
          <Icon name={closed ? 'on' : 'open'} />
          <code>{group.name}</code>
          <small>{even ? `${about}, ${heads}` : about}</small>
        </div>
      </div>
      {!closed &&
        group.sites.map(({ site, short }) => (
          <SiteRow key={site.index} site={site} short={short} level={2} table={props.table} brush={props.brush} />
        ))}
    </>
  );
}

function Foot({ table }: { table: Table }) {
  const trans = useTrans();
  const patching = usePatching();
  return (
    <p class="jp-Workbench-note jp-mod-spread">
      {trans.__(
        'Effect: F1 to the target text, patched minus unpatched. Grey band: random sets. Drag over the boxes to patch sites together.',
      )}
      {patching.result?.status === 'running' &&
        ` ${trans.__('%1 of %2 pairs so far.', patching.result.pairs_done, patching.result.pairs.length)}`}
      {table.heat && <RampScale limit={table.heat.limit} />}
    </p>
  );
}

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const others = new Set(names);
  return others.delete(name) ? others : others.add(name);
}
