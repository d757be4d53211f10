/** The answer of an attribution in one sentence and its figures, from a fixed template. */
import type { ExplainedText, ExplainResult, ScoredWord } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { percent, score, signed } from '../parts/numbers';
import type { Figure } from '../parts/verdict';

const NAMED = 2;

/** The words that speak most for the target, the strongest first. */
export function strongest(text: ExplainedText): ScoredWord[] {
  return [...text.words].filter(word => word.score > 0).sort((one, other) => other.score - one.score);
}

/** The sentence about one text; what is not certified says so first. */
export function sentenceOf(result: ExplainResult, text: ExplainedText, trans: Trans): string {
  const names = strongest(text)
    .slice(0, NAMED)
    .map(word => `“${word.text}”`);
  const decided =
    names.length > 0
      ? trans._n(
          '%2 speaks most for %3.',
          '%2 and %4 speak most for %3.',
          names.length,
          names[0],
          text.target,
          names[1],
        )
      : trans.__('No word speaks for %1.', text.target);
  const sofar = result.texts.length < result.asked ? trans.__('So far: ') : '';
  return text.certified === false
    ? trans.__('%1Not certified: gap %2. %3', sofar, percent(text.gap, 1), decided)
    : `${sofar}${decided}`;
}

export function figuresOf(result: ExplainResult, text: ExplainedText, trans: Trans): Figure[] {
  const bound = trans.__('bound %1', percent(result.bound, 1));
  const certificate = {
    true: trans.__('certified, %1', bound),
    false: trans.__('not certified, %1', bound),
    null: trans.__('no certificate for this method'),
  }[String(text.certified) as 'true' | 'false' | 'null'];
  const chosen =
    text.prediction === text.target ? trans.__('the prediction') : trans.__('predicted: %1', text.prediction);
  return [
    { label: text.target, value: percent(text.probabilities[text.target] ?? 0), beside: chosen },
    {
      label: trans.__('Margin'),
      value: signed(text.margin),
      beside: trans.__('%1 at the baseline', signed(text.margin_baseline)),
    },
    { label: trans.__('Gap'), value: percent(text.gap, 2), beside: certificate },
    { label: trans.__('Gap in logits'), value: score(text.absolute_gap, 3), beside: '' },
    {
      label: trans.__('Passes'),
      value: text.passes.toLocaleString(),
      beside: text.nodes === null ? '' : trans.__('%1 nodes', text.nodes),
    },
  ];
}
