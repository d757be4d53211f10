/** The patching view. */
import type { ArmScore, Forecast, Interval, ModelRef, SiteMap } from './core';

export type Pair = { source: string; target: string };

export type PatchingSetup = {
  model: ModelRef;
  pairs: Pair[] | number | string;
  seeds: number;
  steps?: number | null;
  /** Patch only that many sites, the best of a screening; 0 patches all. */
  screen?: number;
  heads?: boolean;
  step_windows?: number;
  share?: number;
  drift_margin?: number;
};

/** What one head of the site of its score does, patched alone. */
export type HeadScore = { head: number; score: ArmScore };

export type Found = {
  sites: number[];
  names: string[];
  parameters: number;
  share: number;
  reached: boolean;
  score: ArmScore;
};

export type ScreenedSite = { site: number; effect: number; ci: Interval; aside: number };

export type PatchingResult = {
  run: string;
  model: string;
  status: 'running' | 'interrupted' | 'failed' | 'done';
  pairs: (Pair & { source_text: string; target_text: string })[];
  pairs_done: number;
  seeds: number[];
  steps: number;
  site_map: SiteMap;
  screen?: number;
  /** One-step effects of all sites; missing without a screening or before it is done. */
  screening?: ScreenedSite[];
  singles: ArmScore[];
  baseline: ArmScore | null;
  all_sites: ArmScore | null;
  random_sets: ArmScore[];
  trade_off: ArmScore[];
  combined?: ArmScore[];
  step_scores: { site: number; window: Interval; effect: number }[];
  head_scores: HeadScore[];
  found: Found | null;
  rule: { share: number; drift_margin: number };
  seconds: number;
  forecast: Forecast;
};

export type ImageRef = { pair: number; seed: number; arm: string };

export type ReadImage = ImageRef & { text: string };
