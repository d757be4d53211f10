/** One row for each site: its effect over the controls, drift, steps or heads and an image; pinned rows on top. */
import { useEffect, useRef, useState } from 'preact/hooks';

import type { ArmScore, SiteMap } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { useSurroundings, useTrans } from '../parts/context';
import { type ForestAxis, forestAxis } from '../parts/forest';
import { Icon } from '../parts/icon';
import { parameters } from '../parts/numbers';
import { RampScale } from '../parts/ramp';
import { usePatching } from './context';
import { type Heat, heatOf } from './heat';
import { groupSites, randomBand, scoreOf, type SiteGroup, sortSites } from './localization';
import type { Patching, Row } from './patching';
import { PinnedRows } from './pinnedRows';
import { SiteHead } from './siteHead';
import { SiteRow } from './siteRow';
import { useGridKeys } from './useGridKeys';

/** What all rows share. */
export interface Table {
  at: ForestAxis;
  map: SiteMap;
  heat: Heat | null;
  /** The one row that the tabulator reaches. */
  tab: Row;
}

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

function shownMap({ siteMap, result, choice }: Patching): SiteMap | null {
  const sameModel =
    result !== null && (siteMap === null || choice.model?.source === 'variable' || siteMap.model === result.model);
  return sameModel ? result.site_map : siteMap;
}

/** What the rows are ordered by, smallest first. */
function sortValue(patching: Patching, site: number): number | undefined {
  const one = rowScore(patching, site);
  return one && (patching.sort === 'effect' ? -one.effect : one.drift);
}

/** Rows of groups and of sites, without those of closed groups. */
function visibleSites(groups: SiteGroup[], closed: ReadonlySet<string>): Row[] {
  return groups.flatMap(({ name, sites }): Row[] => [
    `group:${name}`,
    ...(closed.has(name) ? [] : sites.map(({ site }) => site.index)),
  ]);
}

function tableOf(patching: Patching, map: SiteMap, rows: Row[], trans: Trans): Table {
  const { result } = patching;
  const current = result?.site_map.model === map.model ? result : null;
  const values = (current?.singles ?? []).flatMap(one => [one.effect, ...one.ci]);
  const everything = current?.all_sites ?? null;
  return {
    at: forestAxis(
      [...values, ...(everything?.ci ?? [])],
      current ? (randomBand(current)?.band ?? null) : null,
      everything?.effect ?? null,
    ),
    map,
    heat: current && heatOf(current, trans),
    tab: tabRow(patching, rows),
  };
}

/** The row of the cursor if it is to be seen, else the first one. */
function tabRow({ cursor, result, combining }: Patching, sites: Row[]): Row {
  const pinned: Row[] = [
    ...(combining.selection.length > 0 ? (['selected'] as const) : []),
    ...(result ? (['all'] as const) : []),
  ];
  const random: Row[] = result && result.random_sets.length > 0 ? ['random'] : [];
  const rows = [...pinned, ...random, ...sites];
  return cursor !== null && rows.includes(cursor) ? cursor : (rows[0] ?? 0);
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

/** The score that a row shows, if there is one yet. */
export function rowScore(patching: Patching, row: Row): ArmScore | undefined {
  const { result, combining } = patching;
  if (result === null) {
    return undefined;
  }
  if (row === 'all') {
    return result.all_sites ?? undefined;
  }
  if (row === 'selected') {
    return scoreOf(result, combining.selection);
  }
  return typeof row === 'number' ? scoreOf(result, [row]) : undefined;
}

export interface Brush {
  begin(site: number): void;
  pass(site: number): void;
}

/** Selection by dragging over the boxes: the first box says whether those that follow are taken or left. */
function useBrush(patching: Patching): Brush {
  const taking = useRef<boolean | null>(null);
  useEffect(() => {
    const end = (): void => void (taking.current = null);
    window.addEventListener('pointerup', end);
    return () => window.removeEventListener('pointerup', end);
  }, []);
  return {
    begin: site => {
      taking.current = !patching.combining.selection.includes(site);
      patching.combining.set(site, taking.current);
    },
    pass: site => {
      if (taking.current !== null) {
        patching.combining.set(site, taking.current);
      }
    },
  };
}

function toggled(names: ReadonlySet<string>, name: string): ReadonlySet<string> {
  const others = new Set(names);
  return others.delete(name) ? others : others.add(name);
}
