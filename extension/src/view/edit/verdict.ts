/** The answer of an edit in one sentence and its figures, from a fixed template. */
import type { EditMethod, EditMethodName, EditResult, Interval } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { duration, percent, range, score } from '../parts/numbers';
import type { Figure } from '../parts/verdict';

/** What a method is called; the found sites with their number, as their names are long. */
export function titleOf(method: EditMethodName, result: EditResult, trans: Trans): string {
  const titles: Record<EditMethodName, string> = {
    source: trans.__('Source, not edited'),
    found: trans._n('%1 found site', '%1 found sites', result.found.length),
    all_sites: trans.__('All sites'),
    regenerate: trans.__('Target prompt from scratch'),
    p2p: trans.__('Attention maps replaced'),
  };
  return titles[method];
}

export function methodOf(result: EditResult, name: EditMethodName): EditMethod | undefined {
  return result.methods.find(({ method }) => method === name);
}

/** Images of a method that read exactly as asked. */
function rightOf(result: EditResult, name: EditMethodName): number {
  return result.images.filter(({ method, exact }) => method === name && exact === 1).length;
}

export function sentenceOf(result: EditResult, trans: Trans): string {
  const found = methodOf(result, 'found');
  if (found === undefined) {
    return trans.__('Nothing was edited.');
  }
  const right = rightOf(result, 'found');
  const kept = trans.__('The picture keeps SSIM %1 to the source.', score(found.ssim));
  return right === 0
    ? trans._n('The word did not change as asked. %2', 'None of %1 words changed as asked. %2', found.images, kept)
    : trans._n('%3 of %1 word reads as asked. %2', '%3 of %1 words read as asked. %2', found.images, kept, right);
}

export function figuresOf(result: EditResult, trans: Trans): Figure[] {
  const found = methodOf(result, 'found');
  if (found === undefined) {
    return [];
  }
  const all = methodOf(result, 'all_sites');
  const unedited = methodOf(result, 'source');
  const against = (value: number | undefined): string =>
    value === undefined ? '' : trans.__('all sites %1', score(value));
  const interval = (ci: Interval | undefined): string => (ci ? range(ci) : '');
  const targets = trans._n('%1 target', '%1 targets', result.pairs.length);
  const seeds = trans._n('%1 seed', '%1 seeds', result.seeds.length);
  return [
    {
      label: trans.__('Words right'),
      value: trans.__('%1 of %2', rightOf(result, 'found'), found.images),
      beside: `${targets} × ${seeds}`,
    },
    {
      label: trans.__('Target F1'),
      value: score(found.target_f1),
      beside: [interval(found.ci['target_f1']), unedited ? trans.__('unedited %1', score(unedited.target_f1)) : '']
        .filter(Boolean)
        .join(', '),
    },
    {
      label: trans.__('SSIM to the source'),
      value: score(found.ssim),
      beside: [interval(found.ci['ssim']), against(all?.ssim)].filter(Boolean).join(', '),
    },
    {
      label: trans.__('Changed outside the text'),
      value: percent(found.outside_text, 1),
      beside: all ? trans.__('all sites %1', percent(all.outside_text, 1)) : '',
    },
    { label: trans.__('Time'), value: duration(result.seconds, trans), beside: trans.__('with reading') },
  ];
}
