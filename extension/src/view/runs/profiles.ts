/** Layer profiles of two localisations on one axis. */
import type { PatchingResult } from '../../protocol/messages';

export interface ProfilePoint {
  across: number;
  site: number;
  effect: number;
  low: number;
  high: number;
}

/** Whether the axis must be relative: models with other numbers of sites have no common index. */
export function isRelative(results: readonly [PatchingResult, PatchingResult]): boolean {
  return results[0].site_map.sites.length !== results[1].site_map.sites.length;
}

/** The effect of each site, first site first; relative depth goes from 0 to 1. */
export function profileOf(result: PatchingResult, relative: boolean): ProfilePoint[] {
  const last = Math.max(1, result.site_map.sites.length - 1);
  return result.singles
    .map(({ sites, effect, ci }) => {
      const site = sites[0]!;
      return { across: relative ? site / last : site, site, effect, low: ci[0], high: ci[1] };
    })
    .sort((one, other) => one.across - other.across);
}
