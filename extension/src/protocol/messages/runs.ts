/** The view of runs. */
import type { Problem } from './core';

export type RunEntry = {
  run: string;
  verb: string;
  model: string;
  created: string;
  status: string;
  cells: number;
  seconds: number;
  answer: string;
  view: string | null;
  resumable: boolean;
  replayable: boolean;
  /** Of a run that is a replay of another one: how its images compare. */
  replay: Replay | null;
};

export type Replay = { run: string; images: number; identical: number; max_difference: number };

/** Why a run failed and how far it had come; the reason is null where an older version stored the run. */
export type Why = { failure: Problem | null; cells: number; expected: number | null };

/** One setting, version or figure of two runs; a missing one is a dash. */
export type ComparedKey = { key: string; left: string; right: string; equal: boolean };
