/** What a user has chosen to explain, what is wrong with it, and the setup of the protocol that it makes. */
import type { ExplainSetup } from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';

export interface Choice {
  classifier: string;
  /** One text a line. It is not kept over a reload: what people wrote stays where they wrote it. */
  text: string;
  method: string;
  baseline: string;
  /** Empty: each text's own prediction. */
  target: string;
  bound: number;
}

export const FIRST_CHOICE: Choice = {
  classifier: '',
  text: 'You are such a loser, just stay at home',
  method: 'ig',
  baseline: 'pad',
  target: '',
  bound: 0.01,
};

/** A choice from data that was kept; what does not fit is as at the first start. */
export function readChoice(kept: unknown): Choice {
  const given = typeof kept === 'object' && kept !== null ? (kept as Partial<Choice>) : {};
  const choice = { ...FIRST_CHOICE };
  for (const key of ['classifier', 'method', 'baseline', 'target', 'bound'] as const) {
    if (typeof given[key] === typeof choice[key]) {
      Object.assign(choice, { [key]: given[key] });
    }
  }
  const fits = problemOf('$defs/explain_setup', asSetup({ ...choice, classifier: choice.classifier || '-' })) === null;
  return fits ? choice : FIRST_CHOICE;
}

export function textsOf(choice: Choice): string[] {
  return choice.text
    .split('\n')
    .map(line => line.trim())
    .filter(Boolean);
}

/** The setup of a choice that names a classifier and a text. */
export function asSetup(choice: Choice): ExplainSetup {
  const { classifier, method, baseline, target, bound } = choice;
  return { classifier: classifier.trim(), texts: textsOf(choice), method, baseline, target: target || null, bound };
}

/** The same, or null if it cannot be explained. */
export function wholeSetup(choice: Choice): ExplainSetup | null {
  const setup = asSetup(choice);
  return problemOf('$defs/explain_setup', setup) === null ? setup : null;
}
