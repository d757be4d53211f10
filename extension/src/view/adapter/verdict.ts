/** The answer of a training in one sentence and its figures, from a fixed template. */
import type { AdapterResult, AdapterScene } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { count, duration, percent, score } from '../parts/numbers';
import type { Figure } from '../parts/verdict';
import { centredMeans } from './loss';

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Reading {
  images: number;
  base: number;
  adapted: number;
}

/** Mean F1 with and without the adapter over scenes whose prompt has a text; null without any. */
function readingOf(scenes: AdapterScene[]): Reading | null {
  const read = scenes.filter(({ base, adapted }) => base.f1 !== null && adapted.f1 !== null);
  return read.length === 0
    ? null
    : {
        images: read.length,
        base: mean(read.map(({ base }) => base.f1!)),
        adapted: mean(read.map(({ adapted }) => adapted.f1!)),
      };
}

export function sentenceOf(result: AdapterResult, trans: Trans): string {
  const unrelated = result.compared.filter(scene => !scene.trained);
  if (result.compared.length === 0) {
    const [, loss] = centredMeans(result.losses).at(-1) ?? [];
    const reached = loss === undefined ? trans.__('no mean of the loss yet') : trans.__('loss %1', score(loss, 3));
    return trans.__('So far: %1 of %2 steps, %3.', count(result.losses.length), count(result.steps), reached);
  }
  const reading = readingOf(result.compared.filter(scene => scene.trained));
  const drift = trans.__('Unrelated prompts moved by %1.', score(mean(unrelated.map(scene => scene.drift)), 3));
  if (reading === null) {
    return trans.__('The sample prompt has no text in quotes to read. %1', drift);
  }
  const values = [score(reading.adapted), score(reading.base), drift];
  return reading.adapted > reading.base
    ? trans.__('The text to learn is read with F1 %1, without the adapter %2. %3', ...values)
    : trans.__('Nothing was learnt that can be read: F1 %1, without the adapter %2. %3', ...values);
}

export function figuresOf(result: AdapterResult, trans: Trans): Figure[] {
  const figures: Figure[] = [];
  const scenes = (trained: boolean): AdapterScene[] => result.compared.filter(scene => scene.trained === trained);
  const [learnt, old] = [readingOf(scenes(true)), readingOf(scenes(false))];
  const against = ({ base, images }: Reading): string =>
    trans._n('was %2, %1 image', 'was %2, %1 images', images, score(base));
  if (learnt) {
    figures.push({ label: trans.__('Text to learn, F1'), value: score(learnt.adapted), beside: against(learnt) });
  }
  if (old) {
    figures.push({ label: trans.__('Unrelated texts, F1'), value: score(old.adapted), beside: against(old) });
  }
  if (result.compared.length > 0) {
    const drifts = scenes(false).map(scene => scene.drift);
    figures.push({
      label: trans.__('Drift, unrelated prompts'),
      value: score(mean(drifts), 3),
      beside: trans.__('%1 to learn', score(mean(scenes(true).map(scene => scene.drift)), 3)),
    });
  }
  const beside = trans.__('%1 of the denoiser, %2 modules', percent(result.share, 1), result.targets.length);
  figures.push({ label: trans.__('Trained weights'), value: count(result.parameters), beside });
  if (result.seconds > 0) {
    const value = duration(result.seconds, trans);
    figures.push({ label: trans.__('Time'), value, beside: trans.__('%1 steps', count(result.losses.length)) });
  }
  return figures;
}
