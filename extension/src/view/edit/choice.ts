/** What a user has chosen to edit, what is wrong with it, and the setup of the protocol that it makes. */
import type { EditResult, EditSetup, ModelRef } from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import { quotedText } from '../parts/prompt';

export interface Choice {
  /** Null: the model that the found set was made on. */
  model: ModelRef | null;
  found: string;
  source: string;
  /** Texts that take the place of the quoted one, with commas between them. */
  targets: string;
  seeds: number;
  /** Null: as many as the model's own default. */
  steps: number | null;
  /** Whether the model draws the image or it comes from a file. */
  from: 'model' | 'file';
  file: string;
  /** Step of the denoiser from which the found sites read the target text. */
  start: number;
}

export const FIRST_CHOICE: Choice = {
  model: null,
  found: '',
  source: 'A red sign that says "HELP"',
  targets: 'OPEN, EXIT, SALE',
  seeds: 2,
  steps: null,
  from: 'model',
  file: '',
  start: 0,
};

/** As many as one edit takes. */
export const MOST_TARGETS = 12;

/** A choice from data that was kept; what does not fit is as at the first start. */
export function readChoice(kept: unknown): Choice {
  const given = typeof kept === 'object' && kept !== null ? (kept as Partial<Choice>) : {};
  const choice = { ...FIRST_CHOICE };
  for (const key of Object.keys(choice) as (keyof Choice)[]) {
    if (typeof given[key] === typeof choice[key] && typeof choice[key] !== 'object') {
      Object.assign(choice, { [key]: given[key] });
    }
  }
  choice.steps = typeof given.steps === 'number' ? given.steps : null;
  choice.model = given.model && problemOf('$defs/model_ref', given.model) === null ? given.model : null;
  if (choice.from !== 'file') {
    choice.from = 'model';
  }
  const rest = { found: choice.found || '-', source: choice.source || '-', file: choice.file.trim() || '-' };
  const whole = { ...choice, ...rest, targets: '-' };
  return problemOf('$defs/edit_setup', asSetup(whole, { source: 'embedded', name: '-' })) === null
    ? choice
    : FIRST_CHOICE;
}

export function targetsOf({ targets }: Choice): string[] {
  return targets
    .split(',')
    .map(text => text.trim())
    .filter(Boolean);
}

export type Wrong = 'no-found' | 'no-model' | 'file' | 'source' | 'no-target' | 'many' | 'quotes' | 'long' | 'same';

/** What keeps a choice from being edited; null if nothing does. */
export function wrongWith(choice: Choice, model: ModelRef | null): Wrong | null {
  if (choice.found === '') {
    return 'no-found';
  }
  if (model === null) {
    return 'no-model';
  }
  if (choice.from === 'file' && !choice.file.trim()) {
    return 'file';
  }
  return quotedText(choice.source) ? wrongTargets(choice) : 'source';
}

/** What is wrong with the target texts alone. */
export function wrongTargets(choice: Choice): Wrong | null {
  const targets = targetsOf(choice);
  if (targets.length === 0) {
    return 'no-target';
  }
  if (targets.some(text => /["“”]/.test(text))) {
    return 'quotes';
  }
  if (targets.some(text => text.length > 200)) {
    return 'long';
  }
  if (targets.includes(quotedText(choice.source))) {
    return 'same';
  }
  return targets.length > MOST_TARGETS ? 'many' : null;
}

/** The setup of a choice with nothing wrong. */
export function asSetup(choice: Choice, model: ModelRef): EditSetup {
  return {
    model,
    found: choice.found,
    source: choice.source,
    targets: targetsOf(choice),
    // A given image has one noise.
    ...(choice.from === 'file' ? { seeds: 1, image: choice.file.trim() } : { seeds: choice.seeds }),
    steps: choice.steps,
    start_step: choice.start,
  };
}

/** What was changed in the setup since a result was made, as "name: before → now" in the protocol's words. */
export function changesSince(result: EditResult, choice: Choice): [string, string, string][] {
  const rows: [string, string, string][] = [
    ['source', result.source, choice.source],
    ['targets', result.pairs.map(pair => pair.target_text).join(', '), targetsOf(choice).join(', ')],
    ['image', result.given ? 'file' : 'model', choice.from],
    ...(choice.from === 'file'
      ? []
      : [['seeds', `${result.seeds.length}`, `${choice.seeds}`] as [string, string, string]]),
    ['steps', `${result.steps}`, `${choice.steps ?? result.steps}`],
  ];
  return rows.filter(([, before, now]) => before !== now);
}
