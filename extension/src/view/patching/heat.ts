/** The column of the table that takes sites apart: into windows of the schedule, or else into heads. */
import type { PatchingResult } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { rampLimit } from '../parts/ramp';
import { headLimit, headsOf, stepWindows } from './localization';

export interface Heat {
  title: string;
  /** Of the one scale of all rows. */
  limit: number;
  /** Names and effects of the parts of a site; null is not measured yet. */
  rowOf(site: number): { names: string[]; values: (number | null)[] };
}

/** What a run has measured; null if it patched whole sites over the whole schedule only. */
export function heatOf(result: PatchingResult, trans: Trans): Heat | null {
  const windows = stepWindows(result);
  if (windows.length > 0) {
    return {
      title: trans.__('By step, %1 – %2', windows[0]![0], windows.at(-1)![1] - 1),
      limit: rampLimit(result.step_scores.map(one => one.effect)),
      rowOf: site => {
        const own = result.step_scores.filter(one => one.site === site);
        const effects = new Map(own.map(({ window, effect }) => [window.join('-'), effect]));
        return {
          names: windows.map(([from, to]) => trans.__('steps %1 – %2', from, to - 1)),
          values: windows.map(window => effects.get(window.join('-')) ?? null),
        };
      },
    };
  }
  if (result.head_scores.length > 0) {
    return {
      title: trans.__('By head'),
      limit: headLimit(result),
      rowOf: site => {
        const scores = headsOf(result, site);
        const heads = Array.from({ length: result.site_map.sites[site]?.heads ?? 0 }, (_, head) => head);
        return {
          names: heads.map(head => trans.__('head %1', head)),
          values: heads.map(head => scores.get(head)?.effect ?? null),
        };
      },
    };
  }
  return null;
}
