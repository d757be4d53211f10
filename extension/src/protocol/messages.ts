/** The shapes of `protocol.json` as types; the schema is what is checked at run time. */
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

export type Hello = {
  version: number;
  package: string;
  python: string;
  views: string[];
  store: string;
  jobs: Job[];
};

export type Forecast = {
  images: number;
  denoiser_rows: number;
  seconds: number | null;
  memory_bytes: number;
  free_bytes: number;
  pairs: number;
};

export type Pair = { source: string; target: string };

export type PatchingSetup = {
  model: ModelRef;
  pairs: Pair[] | number | string;
  seeds: number;
  steps?: number | null;
  step_windows?: number;
  share?: number;
  drift_margin?: number;
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

export type Found = {
  sites: number[];
  names: string[];
  parameters: number;
  share: number;
  reached: boolean;
  score: ArmScore;
};

export type PatchingResult = {
  run: string;
  model: string;
  status: 'running' | 'interrupted' | 'failed' | 'done';
  pairs: (Pair & { source_text: string; target_text: string })[];
  pairs_done: number;
  seeds: number[];
  steps: number;
  site_map: SiteMap;
  singles: ArmScore[];
  baseline: ArmScore | null;
  all_sites: ArmScore | null;
  random_sets: ArmScore[];
  trade_off: ArmScore[];
  combined?: ArmScore[];
  step_scores: { site: number; window: Interval; effect: number }[];
  found: Found | null;
  rule: { share: number; drift_margin: number };
  seconds: number;
  forecast: Forecast;
};

export type ImageRef = { pair: number; seed: number; arm: string };

/** Requests whose shapes the views rely on: what is sent and what comes back. */
export type Requests = {
  hello: [{ version: number }, Hello];
  'models.list': [object, { models: ModelEntry[] }];
  'models.sites': [{ model: ModelRef }, SiteMap];
  'patching.forecast': [PatchingSetup, Forecast];
  'patching.start': [PatchingSetup, { job: string }];
  'patching.result': [{ run: string }, PatchingResult];
  'patching.found': [{ run: string; share: number; drift_margin: number }, { found: ArmScore | null }];
  'patching.combine': [{ run: string; sites: number[] }, { job: string }];
  'patching.keep': [{ run: string; sites: number[]; name: string; replace?: boolean }, { path: string }];
  'images.get': [{ run: string; items: ImageRef[] }, { items: (ImageRef & { text: string })[] }];
  'code.get': [{ view: string; settings: object }, { code: string }];
  'jobs.cancel': [{ job: string }, { cancelled: boolean }];
  'runs.resume': [{ run: string }, { job: string }];
};

export type Events = {
  job: Job;
  'job.partial': { job: string; view: string; data: object };
};
