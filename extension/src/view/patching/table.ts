/** What the rows of the table of sites share: scores, order, scales, and the row that the tabulator reaches. */
import type { ArmScore, SiteMap } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { type ForestAxis, forestAxis } from '../parts/forest';
import { type Heat, heatOf } from './heat';
import { randomBand, scoreOf, type SiteGroup } from './localization';
import type { Patching, Row } from './patching';

/** What all rows share. */
export interface Table {
  at: ForestAxis;
  map: SiteMap;
  heat: Heat | null;
  /** The one row that the tabulator reaches. */
  tab: Row;
}

export function shownMap({ siteMap, result, choice }: Patching): SiteMap | null {
  const sameModel =
    result !== null && (siteMap === null || choice.model?.source === 'variable' || siteMap.model === result.model);
  return sameModel ? result.site_map : siteMap;
}

/** What the rows are ordered by, smallest first. */
export function sortValue(patching: Patching, site: number): number | undefined {
  const one = rowScore(patching, site);
  return one && (patching.sort === 'effect' ? -one.effect : one.drift);
}

/** Rows of groups and of sites, without those of closed groups. */
export function visibleSites(groups: SiteGroup[], closed: ReadonlySet<string>): Row[] {
  return groups.flatMap(({ name, sites }): Row[] => [
    `group:${name}`,
    ...(closed.has(name) ? [] : sites.map(({ site }) => site.index)),
  ]);
}

export function tableOf(patching: Patching, map: SiteMap, rows: Row[], trans: Trans): Table {
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
