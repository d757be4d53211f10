/** What a user has chosen in the setup, what is wrong with it, and the setup of the protocol that it makes. */
import type { ModelRef, PatchingResult, PatchingSetup } from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import { quotedText } from '../parts/prompt';
import { stepWindows } from './localization';

export interface Choice {
  model: ModelRef | null;
  source: string;
  target: string;
  /** Where the pairs come from: the two prompts, as many as are asked for, or a file. */
  from: 'prompts' | 'made' | 'file';
  made: number;
  file: string;
  seeds: number;
  /** Null: as many as the model's own default. */
  steps: number | null;
  /** Patch only that many sites, the best of a screening; 0: all. */
  screen: number;
  /** Also every head alone. */
  heads: boolean;
  /** 1: sites over the whole schedule only. */
  windows: number;
  share: number;
  margin: number;
}

export const FIRST_CHOICE: Choice = {
  model: null,
  source: 'A red sign that says "HELP"',
  target: 'A red sign that says "OPEN"',
  from: 'prompts',
  made: 8,
  file: '',
  seeds: 2,
  steps: null,
  screen: 0,
  heads: false,
  windows: 1,
  share: 0.9,
  margin: 0.05,
};

/** How many sites a screening keeps until another number is given. */
export const KEPT = 8;

/** How many windows the choice of sites by steps asks for. */
export const STEP_WINDOWS = 4;

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
  return problemOf('$defs/patching_setup', asSetup({ ...choice, model: { source: 'embedded', name: '-' } })) === null
    ? choice
    : { ...FIRST_CHOICE, model: choice.model };
}

export type Wrong = 'no-model' | 'source' | 'target' | 'same' | 'file';

/** What keeps a choice from being run; null if nothing does. */
export function wrongWith(choice: Choice): Wrong | null {
  if (choice.model === null) {
    return 'no-model';
  }
  if (choice.from === 'file') {
    return choice.file.trim() ? null : 'file';
  }
  if (choice.from === 'made') {
    return null;
  }
  const [source, target] = [quotedText(choice.source), quotedText(choice.target)];
  if (!source) {
    return 'source';
  }
  return target ? (source === target ? 'same' : null) : 'target';
}

/** The setup of a choice that has a model and nothing wrong. */
export function asSetup(choice: Choice): PatchingSetup {
  const { source, target, made, file } = choice;
  const pairs = { prompts: [{ source, target }], made, file: file.trim() || '-' }[choice.from];
  return {
    model: choice.model!,
    pairs,
    seeds: choice.seeds,
    steps: choice.steps,
    screen: choice.screen,
    heads: choice.heads,
    step_windows: choice.windows,
    share: choice.share,
    drift_margin: choice.margin,
  };
}

/** What is chosen where a recorded result with pairs of the kernel's own making is run again. */
export function choiceOf(setup: PatchingSetup): Partial<Choice> {
  return {
    model: setup.model,
    from: 'made',
    made: setup.pairs as number,
    seeds: setup.seeds,
    steps: setup.steps ?? null,
    screen: setup.screen ?? 0,
    heads: setup.heads ?? false,
    windows: setup.step_windows ?? 1,
    share: setup.share ?? FIRST_CHOICE.share,
    margin: setup.drift_margin ?? FIRST_CHOICE.margin,
  };
}

/** The setup of a choice; null if something is wrong with it. */
export function settingsOf(choice: Choice): PatchingSetup | null {
  return wrongWith(choice) === null ? asSetup(choice) : null;
}

/** What was changed in the setup since a result was made, as "name: before → now" in the protocol's words. */
export function changesSince(result: PatchingResult, choice: Choice): [string, string, string][] {
  const { pairs } = result;
  const first = pairs[0];
  const rows: [string, unknown, unknown][] = [
    ['model', result.model, choice.model?.source === 'variable' ? result.model : (choice.model?.name ?? '')],
    ['seeds', result.seeds.length, choice.seeds],
    ['steps', result.steps, choice.steps ?? result.site_map.steps],
    ['screen', result.screen ?? 0, choice.screen],
  ];
  if (choice.from === 'prompts') {
    rows.push(['pairs', pairs.length, 1]);
    rows.push(['source', first?.source, choice.source], ['target', first?.target, choice.target]);
  } else if (choice.from === 'made') {
    rows.push(['pairs', pairs.length, choice.made]);
  }
  if (result.status === 'done') {
    rows.push(['heads', result.head_scores.length > 0, choice.heads]);
    rows.push(['step_windows', stepWindows(result).length || 1, choice.windows]);
  }
  return rows.filter(([, before, now]) => before !== now).map(([name, before, now]) => [name, `${before}`, `${now}`]);
}
