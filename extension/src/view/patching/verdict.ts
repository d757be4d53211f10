/** The answer of a localisation in one sentence and its figures, from a fixed template. */
import type { ArmScore, PatchingResult } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { count, percent, range, score } from '../parts/numbers';
import type { Figure } from '../parts/verdict';
import { bestSingle, driftBound, randomBand } from './localization';

/**
 * The sentence.
 *
 * @param chosen - the set that the rule chooses now; null if none satisfies it, undefined if it is not known yet.
 */
export function sentenceOf(result: PatchingResult, chosen: ArmScore | null | undefined, trans: Trans): string {
  const best = bestSingle(result);
  if (best === undefined) {
    return trans.__('So far: nothing is measured yet.');
  }
  const leader = trans.__('site %1 has the largest effect, %2', best.sites[0], score(best.effect));
  if (result.status !== 'done') {
    const pairs = trans.__('%1 of %2 pairs', result.pairs_done, result.pairs.length);
    return trans.__('So far: %1 (%2).', leader, pairs);
  }
  const random = randomBand(result);
  if (random && best.effect <= random.band[1]) {
    const band = range(random.band);
    return trans.__(
      'No better than chance: the best site (%1) lies inside the random band (%2).',
      score(best.effect),
      band,
    );
  }
  const everything = result.all_sites?.effect ?? 0;
  if (chosen && everything > 0) {
    const share = percent(chosen.effect / everything);
    const { length } = chosen.sites;
    return trans._n(
      '%1 of %2 sites carries %3 of the text effect.',
      '%1 of %2 sites carry %3 of the text effect.',
      length,
      result.site_map.sites.length,
      share,
    );
  }
  if (chosen === undefined) {
    return trans.__('The rule is applied: %1.', leader);
  }
  return noSet(result, everything, trans);
}

function noSet(result: PatchingResult, everything: number, trans: Trans): string {
  const closest = result.trade_off.reduce<ArmScore | undefined>(
    (best, one) => (best === undefined || one.effect > best.effect ? one : best),
    undefined,
  );
  if (closest === undefined || everything <= 0) {
    return trans.__('No set meets the rule: all sites together have no effect on the text.');
  }
  const share = percent(closest.effect / everything);
  return trans.__('No set meets the rule. Closest: %1 sites, %2 of the text effect.', closest.sites.length, share);
}

/** At most five figures, each with its interval, bound or comparison. */
export function figuresOf(
  result: PatchingResult,
  chosen: ArmScore | null | undefined,
  margin: number,
  trans: Trans,
): Figure[] {
  const figures: Figure[] = [];
  const only = result.pairs.length === 1;
  const interval = (one: ArmScore): string => (only ? trans.__('one pair, no interval') : range(one.ci));
  const shown = chosen ?? bestSingle(result);
  if (shown) {
    const names = shown.sites.join(', ');
    const label = trans._n('Site %2', 'Sites %2 together', shown.sites.length, names);
    figures.push({ label, value: score(shown.effect), beside: interval(shown) });
  }
  if (result.all_sites) {
    const everything = result.all_sites;
    figures.push({ label: trans.__('All sites'), value: score(everything.effect), beside: interval(everything) });
  }
  const random = randomBand(result);
  if (random) {
    figures.push({ label: trans.__('Random sets'), value: score(random.mean), beside: range(random.band) });
  }
  const bound = driftBound(result, margin);
  if (shown && bound !== null) {
    const beside = trans.__('bound %1', score(bound));
    figures.push({ label: trans.__('Drift, 1 − SSIM'), value: score(shown.drift), beside });
  }
  if (shown && result.status === 'done') {
    figures.push(parametersOf(result, shown, trans));
  }
  return figures;
}

function parametersOf(result: PatchingResult, shown: ArmScore, trans: Trans): Figure {
  const { sites, total_parameters } = result.site_map;
  const own = sites
    .filter(site => shown.sites.includes(site.index))
    .reduce((sum, site) => sum + site.text_kv_parameters, 0);
  const beside = trans.__('%1 of the denoiser', percent(own / total_parameters, 1));
  return { label: trans.__('Parameters'), value: count(own), beside };
}
