/** Reads a result of the kernel: which score belongs to which row, and what the rule and the controls say. */
import type { ArmScore, Interval, PatchingResult, ScreenedSite, Site } from '../../protocol/messages';
import { rampLimit } from '../parts/ramp';

/** The score of exactly these sites patched together, if its images are there. */
export function scoreOf(result: PatchingResult, sites: readonly number[]): ArmScore | undefined {
  const key = keyOf(sites);
  const everything = result.all_sites ? [result.all_sites] : [];
  const all = [...result.singles, ...result.trade_off, ...(result.combined ?? []), ...everything];
  return all.find(score => keyOf(score.sites) === key);
}

export function keyOf(sites: readonly number[]): string {
  return [...sites].sort((one, other) => one - other).join('+');
}

/** Mean, and smallest and largest effect of the random sets. */
export function randomBand(result: PatchingResult): { mean: number; drift: number; band: Interval } | null {
  const effects = result.random_sets.map(score => score.effect);
  if (effects.length === 0) {
    return null;
  }
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mean: mean(effects),
    drift: mean(result.random_sets.map(score => score.drift)),
    band: [Math.min(...effects), Math.max(...effects)],
  };
}

/** The drift that the rule allows: the margin beyond that of all sites. */
export function driftBound(result: PatchingResult, margin: number): number | null {
  return result.all_sites ? result.all_sites.drift + margin : null;
}

export function bestSingle(result: PatchingResult): ArmScore | undefined {
  return result.singles.reduce<ArmScore | undefined>(
    (best, score) => (best === undefined || score.effect > best.effect ? score : best),
    undefined,
  );
}

/** What the screening says of a site that it left out; undefined for one that is patched alone. */
export function leftOut(result: PatchingResult | null, site: number): ScreenedSite | undefined {
  const kept = new Set(result?.screening?.slice(0, result.screen).map(screened => screened.site));
  return kept.has(site) ? undefined : result?.screening?.find(screened => screened.site === site);
}

/** What the heads of a site do, each patched alone, by number; those that are not measured yet are missing. */
export function headsOf(result: PatchingResult, site: number): Map<number, ArmScore> {
  const own = result.head_scores.filter(({ score }) => score.sites[0] === site);
  return new Map(own.map(({ head, score }) => [head, score]));
}

/** The limit of the one scale of all heads. */
export function headLimit(result: PatchingResult): number {
  return rampLimit(result.head_scores.map(({ score }) => score.effect));
}

/** Windows of the schedule that were measured, first step first. */
export function stepWindows(result: PatchingResult): Interval[] {
  const windows = new Map(result.step_scores.map(({ window }) => [window.join('-'), window]));
  return [...windows.values()].sort((one, other) => one[0] - other[0]);
}

export interface SiteGroup {
  name: string;
  sites: { site: Site; short: string }[];
}

/** Sites under the module that holds them, with names as short as still tell them apart within it. */
export function groupSites(sites: readonly Site[]): SiteGroup[] {
  const nameOf = (site: Site): string => {
    const parts = site.name.split('.');
    const numbers = parts.filter(part => /^\d+$/.test(part));
    return parts.slice(0, numbers.length > 1 && /^\d+$/.test(parts[1]!) ? 2 : 1).join('.');
  };
  const groups = new Map<string, Site[]>();
  for (const site of sites) {
    groups.set(nameOf(site), [...(groups.get(nameOf(site)) ?? []), site]);
  }
  return [...groups].map(([name, members]) => {
    const rests = members.map(site => site.name.slice(name.length + 1).split('.'));
    // A bare number says too little, a whole name too much: "blocks.5" of transformer_blocks.
    const about = lastWord(name);
    const shorts = rests.map(rest => {
      const shown = rest.slice(0, telling(rests)).map(lastWord);
      // The row is narrow: after the first word the numbers alone tell sites apart.
      const short = shown
        .filter((part, place) => place === 0 || /^\d+$/.test(part) || place === shown.length - 1)
        .join('.');
      return /^\d+$/.test(short) ? `${about}.${short}` : short;
    });
    return { name, sites: members.map((site, place) => ({ site, short: shorts[place] || site.name })) };
  });
}

/** All sites of the groups in one list, smallest value first; those without a value come last. */
export function sortSites(
  groups: readonly SiteGroup[],
  valueOf: (site: number) => number | undefined,
): SiteGroup['sites'] {
  const all = groups.flatMap(({ name, sites }) =>
    sites.map(({ site, short }) => ({ site, short: `${name}.${short}` })),
  );
  const place = ({ index }: Site): number => valueOf(index) ?? Infinity;
  return all.sort((one, other) => place(one.site) - place(other.site) || one.site.index - other.site.index);
}

function lastWord(segment: string): string {
  return segment.split('_').at(-1)!;
}

/** How many segments must be shown so that the last one that differs is among them. */
function telling(rests: string[][]): number {
  const longest = Math.max(...rests.map(rest => rest.length));
  let last = 0;
  for (let at = 0; at < longest; at += 1) {
    if (new Set(rests.map(rest => rest[at])).size > 1) {
      last = at + 1;
    }
  }
  return last || 2;
}
