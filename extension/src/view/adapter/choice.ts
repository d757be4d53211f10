/** What a user has chosen to train, what is wrong with it, and the setup of the protocol that it makes. */
import type { AdapterSetup, ModelRef } from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';

export interface Choice {
  /** Null: the model that the found set was made on. */
  model: ModelRef | null;
  found: string;
  /** The signs that the package draws, or a folder of images with captions. */
  from: 'signs' | 'folder';
  folder: string;
  /** Its text is what is to be learnt. */
  prompt: string;
  /** Its text is what must not be forgotten. */
  old: string;
  rank: number;
  /** Null: equal to the rank. */
  alpha: number | null;
  rate: number;
  steps: number;
  batch: number;
  /** Steps between samples. */
  every: number;
  seed: number;
  /** Of the adapter, for its header; empty if it is not stated. */
  licence: string;
}

export const FIRST_CHOICE: Choice = {
  model: null,
  found: '',
  from: 'signs',
  folder: '',
  prompt: 'A blue plate that says "2479"',
  old: 'A red sign that says "HELP"',
  rank: 64,
  alpha: null,
  rate: 0.002,
  steps: 200,
  batch: 8,
  every: 50,
  seed: 0,
  licence: '',
};

/** A choice from data that was kept; what does not fit is as at the first start. */
export function readChoice(kept: unknown): Choice {
  const given = typeof kept === 'object' && kept !== null ? (kept as Partial<Choice>) : {};
  const choice = { ...FIRST_CHOICE };
  for (const key of Object.keys(choice) as (keyof Choice)[]) {
    if (typeof given[key] === typeof choice[key] && typeof choice[key] !== 'object') {
      Object.assign(choice, { [key]: given[key] });
    }
  }
  choice.from = choice.from === 'folder' ? 'folder' : 'signs';
  choice.alpha = typeof given.alpha === 'number' ? given.alpha : null;
  choice.model = given.model && problemOf('$defs/model_ref', given.model) === null ? given.model : null;
  const whole = { ...choice, found: choice.found || '-', folder: choice.folder || '-' };
  return problemOf('$defs/adapter_setup', asSetup(whole, { source: 'embedded', name: '-' })) === null
    ? choice
    : FIRST_CHOICE;
}

export type Wrong = 'no-found' | 'no-model' | 'folder' | 'prompt' | 'old';

/** What keeps a choice from being planned; null if nothing does. */
export function wrongWith(choice: Choice, model: ModelRef | null): Wrong | null {
  if (choice.found === '') {
    return 'no-found';
  }
  if (model === null) {
    return 'no-model';
  }
  if (choice.from === 'folder' && !choice.folder.trim()) {
    return 'folder';
  }
  return choice.prompt.trim() ? (choice.old.trim() ? null : 'old') : 'prompt';
}

/** The setup of a choice with nothing wrong. */
export function asSetup(choice: Choice, model: ModelRef): AdapterSetup {
  return {
    model,
    found: choice.found,
    data: choice.from === 'signs' ? null : choice.folder.trim(),
    prompts: [choice.prompt, choice.old],
    rank: choice.rank,
    alpha: choice.alpha,
    learning_rate: choice.rate,
    steps: choice.steps,
    batch: choice.batch,
    seed: choice.seed,
    validate_every: choice.every,
    licence: choice.licence.trim() || 'not stated',
  };
}

/** What was changed in the setup since a training began, as "name: before → now" in the protocol's words. */
export function changesSince(before: AdapterSetup, now: AdapterSetup): [string, string, string][] {
  const keys = Object.keys(now) as (keyof AdapterSetup)[];
  const shown = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
  return keys
    .filter(key => key !== 'model' && shown(before[key]) !== shown(now[key]))
    .map(key => [key, shown(before[key]), shown(now[key])]);
}
