/** What a user has chosen to ablate, and the setup of the protocol that it makes. */
import type { AblateSetup } from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';

export interface Choice {
  systems: string[];
  variants: string[];
  seeds: number;
  steps: number;
  finetune: number;
}

/** The controls are part of it: a variant is read against attention that learns nothing of where to look. */
export const FIRST_CHOICE: Choice = {
  systems: ['vision/minimal'],
  variants: ['symmetric', 'collapsed_qk', 'no_vo', 'no_mlp', 'identity', 'uniform', 'random_symmetric'],
  seeds: 1,
  steps: 30,
  finetune: 0,
};

/** A choice from data that was kept; what does not fit is as at the first start. */
export function readChoice(kept: unknown): Choice {
  const given = typeof kept === 'object' && kept !== null ? (kept as Partial<Choice>) : {};
  const choice: Choice = { ...FIRST_CHOICE };
  for (const key of Object.keys(choice) as (keyof Choice)[]) {
    if (typeof given[key] === typeof choice[key] && Array.isArray(given[key]) === Array.isArray(choice[key])) {
      Object.assign(choice, { [key]: given[key] });
    }
  }
  return problemOf('$defs/ablate_setup', choice) === null ? choice : FIRST_CHOICE;
}

/** The setup, or null if nothing is chosen. */
export function wholeSetup(choice: Choice): AblateSetup | null {
  return problemOf('$defs/ablate_setup', choice) === null ? { ...choice } : null;
}
