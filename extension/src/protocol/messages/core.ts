/** What all views share: envelope, problems, models, sites, jobs, forecasts, found sets. */
export type Problem = {
  type: 'input' | 'refused' | 'memory' | 'protocol' | 'failed';
  message: string;
  hint: string;
  details?: string;
};

export type Envelope = {
  v: number;
  kind: 'request' | 'reply' | 'event';
  id: string;
  name: string;
  payload: object;
  error?: Problem;
};

export type ModelRef = { source: 'embedded' | 'folder' | 'hub' | 'variable'; name: string };

export type ModelEntry = {
  source: 'embedded' | 'variable';
  name: string;
  family: string;
  sites: number | null;
  parameters: number | null;
  note: string;
  refused: string;
  /** Known before the model is opened; embedded models have it. */
  site_map?: SiteMap;
};

export type Site = {
  index: number;
  name: string;
  kind: string;
  heads: number;
  head_dim: number;
  text_kv_parameters: number;
};

export type SiteMap = {
  model: string;
  family: string;
  sites: Site[];
  total_parameters: number;
  steps: number;
  guidance: number;
  note: string;
};

export type Job = {
  job: string;
  view: string;
  status: 'queued' | 'running' | 'done' | 'cancelled' | 'failed';
  stage: string;
  done: number;
  total: number | null;
  elapsed: number;
  left: number | null;
  run: string | null;
  error: Problem | null;
};

export type GuardState = {
  model: ModelRef;
  found: string;
  sites: string[];
  all_sites: number;
  same_weights: boolean;
  calls: number;
  words: number;
};

export type Hello = {
  version: number;
  package: string;
  python: string;
  views: string[];
  store: string;
  jobs: Job[];
  /** The guards that are on. */
  guards?: GuardState[];
};

export type Forecast = {
  images: number;
  denoiser_rows: number;
  seconds: number | null;
  memory_bytes: number;
  free_bytes: number;
  pairs: number;
};

export type Interval = [number, number];

export type ArmScore = {
  arm: string;
  sites: number[];
  effect: number;
  ci: Interval;
  drift: number;
  drift_ci: Interval;
  target_f1: number;
  word_accuracy: number;
  images: number;
};

/** A found set of a finished run, or one that was kept under a name. */
export type FoundEntry = { name: string; run: string | null; model: string; sites: number[] };
