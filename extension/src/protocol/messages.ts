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

/** A found set of a finished run, or one that was kept under a name. */
export type FoundEntry = { name: string; run: string | null; model: string; sites: number[] };

export type ExplainOptions = {
  classifiers: { name: string; kind: string; labels: string[]; max_tokens: number }[];
  methods: { name: string; title: string }[];
  compared: string[];
  baselines: string[];
};

export type ExplainSetup = {
  classifier: string;
  texts: string[];
  method?: string;
  methods?: string[];
  baseline?: string;
  target?: string | null;
  bound?: number;
  nodes?: number | null;
};

export type ScoredWord = { text: string; score: number; toxic: boolean };

export type ExplainedText = {
  words: ScoredWord[];
  pieces: { text: string; score: number; word: number }[];
  target: string;
  prediction: string;
  probabilities: { [label: string]: number };
  margin: number;
  margin_baseline: number;
  gap: number;
  absolute_gap: number;
  certified: boolean | null;
  nodes: number | null;
  curve: [number, number][];
  passes: number;
};

export type ComparedMethod = {
  method: string;
  title: string;
  control: boolean;
  texts: ExplainedText[];
  gap: number | null;
  certified: number | null;
  comprehensiveness: number | null;
  sufficiency: number | null;
  randomised: number | null;
  passes: number | null;
  seconds: number | null;
};

export type ExplainResult = {
  job: string;
  classifier: string;
  method: string;
  title: string;
  baseline: string;
  bound: number;
  labels: string[];
  asked: number;
  shown: boolean;
  texts: ExplainedText[];
  methods: ComparedMethod[];
};

export type AblateVariant = { name: string; control: boolean };

export type AblateOptions = {
  systems: { name: string; title: string; task: string }[];
  variants: AblateVariant[];
  standard: string[];
};

export type AblateSetup = {
  systems: string[];
  variants: string[];
  seeds?: number;
  steps?: number;
  finetune?: number;
};

export type Refusal = { system: string; variant: string; reason: string; nearest: string };

export type AblatePlan = { cells: number; refused: Refusal[]; trainings: number; seconds: number | null };

export type Spread = { mean: number; sd: number } | null;

export type AblateRow = {
  system: string;
  variant: string;
  task: string;
  status: 'waiting' | 'running' | 'part' | 'done' | 'refused' | 'failed';
  reason: string;
  seeds_done: number;
  each: number[];
  parameters: { [part: string]: number };
  multiply_adds: number | null;
  weight_bytes: number | null;
  milliseconds: number | null;
  accuracy: Spread;
  loss: Spread;
  converted_accuracy: Spread;
  converted_loss: Spread;
  finetuned_accuracy: Spread;
  finetuned_loss: Spread;
  function_error: number | null;
  self_weight: number | null;
};

export type AblateResult = {
  run: string;
  status: 'running' | 'interrupted' | 'failed' | 'done';
  systems: string[];
  variants: AblateVariant[];
  seeds: number;
  steps: number;
  finetune: number;
  chance: { [system: string]: number };
  rows: AblateRow[];
  ranks: { [system: string]: { [form: string]: { [rank: string]: number | null } } };
  cells_done: number;
  cells: number;
  seconds: number;
};

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

export type EditSetup = {
  model: ModelRef;
  found: string;
  source: string;
  targets: string[];
  seeds?: number;
  steps?: number | null;
  start_step?: number;
};

export type EditMethodName = 'source' | 'found' | 'all_sites' | 'regenerate' | 'p2p';

export type EditImageRef = { pair: number; seed: number; method: EditMethodName };

export type EditMethod = {
  method: EditMethodName;
  images: number;
  target_f1: number;
  source_f1: number;
  word_accuracy: number;
  ssim: number;
  psnr: number;
  outside_text: number;
  seconds: number;
  denoiser_rows: number;
  ci: { [figure: string]: Interval };
};

export type EditResult = {
  run: string;
  model: string;
  found: string[];
  source: string;
  pairs: { source_text: string; target_text: string }[];
  seeds: number[];
  steps: number;
  methods: EditMethod[];
  images: (EditImageRef & { text: string; exact: number; ssim: number })[];
  notes: string[];
  seconds: number;
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

export type GuardTrial = {
  job: string;
  model: ModelRef;
  prompt: string;
  seed: number;
  harmless_prompt: string;
  changes: { word: string; replacement: string }[];
  left_alone: string[];
  sites: string[];
  identical: boolean;
  reads: { text: string; toxic: boolean }[];
};

/** One setting, version or figure of two runs; a missing one is a dash. */
export type ComparedKey = { key: string; left: string; right: string; equal: boolean };

export type AdapterSetup = {
  model: ModelRef;
  found: string;
  data: string | null;
  prompts: string[];
  rank?: number;
  alpha?: number | null;
  learning_rate?: number;
  steps?: number;
  batch?: number;
  seed?: number;
  validate_every?: number | null;
  licence?: string;
};

export type AdapterTarget = { module: string; rank: number; alpha: number; matched: boolean };

export type AdapterPlan = {
  targets: AdapterTarget[];
  sites: number[];
  parameters: number;
  share: number;
  notes: string[];
  images: number;
  problems: { field: 'model' | 'found' | 'data'; message: string; hint: string }[];
  seconds: number | null;
  memory_bytes: number;
  free_bytes: number;
};

export type AdapterImage = { file: string; text: string; f1: number | null; exact: boolean | null };

export type AdapterSample = { step: number; prompt: number; image: AdapterImage };

export type AdapterScene = {
  prompt: string;
  seed: number;
  trained: boolean;
  base: AdapterImage;
  adapted: AdapterImage;
  drift: number;
};

export type AdapterFormat = 'diffusers' | 'peft' | 'kohya';

export type AdapterFile = {
  name: string;
  path: string;
  format: AdapterFormat;
  bytes: number;
  modules: { module: string; rank: number }[];
  parameters: number;
  model: string;
  same_model: boolean | null;
  licence: string;
  sites: number[];
  effect: number | null;
  proof: {
    loader: string;
    matched: number;
    round_trip_max_difference: number;
    tolerance: number;
    effect: number;
  } | null;
};

export type AdapterResult = {
  run: string;
  model: string;
  status: 'running' | 'interrupted' | 'failed' | 'done';
  setup: AdapterSetup;
  targets: AdapterTarget[];
  sites: number[];
  parameters: number;
  share: number;
  notes: string[];
  steps: number;
  losses: number[];
  samples: AdapterSample[];
  compared: AdapterScene[];
  seconds: number;
  file: AdapterFile | null;
};

export type ProofStep = 'saved' | 'drawn' | 'loaded' | 'matched' | 'compared';

export type AdapterExport = {
  run: string;
  name: string;
  format: AdapterFormat;
  steps: ProofStep[];
  file: AdapterFile | null;
};

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
  'images.get': [{ run: string; items: ImageRef[]; width?: number }, { items: ReadImage[] }];
  'examples.get': [{ view: string }, { setup: object; results: object[]; items: ReadImage[] }];
  'code.get': [{ view: string; settings: object }, { code: string }];
  'jobs.cancel': [{ job: string }, { cancelled: boolean }];
  'runs.list': [object, { runs: RunEntry[] }];
  'runs.size': [{ run: string }, { images: number; bytes: number }];
  'runs.delete': [{ run: string; confirmed: true }, { deleted: string }];
  'runs.compare': [{ runs: [string, string] }, { keys: ComparedKey[] }];
  'runs.resume': [{ run: string }, { job: string }];
  'runs.replay': [{ runs: string[] }, { job: string }];
  'runs.why': [{ run: string }, Why];
  'explain.options': [object, ExplainOptions];
  'explain.start': [ExplainSetup, { job: string }];
  'explain.compare': [ExplainSetup, { job: string }];
  'explain.result': [{ job: string; shown?: boolean }, ExplainResult];
  'explain.without': [
    { job: string; text: number; words: number[] },
    { margin: number; probability: number; prediction: string },
  ];
  'ablate.options': [object, AblateOptions];
  'ablate.plan': [AblateSetup, AblatePlan];
  'ablate.start': [AblateSetup, { job: string }];
  'ablate.result': [{ run: string }, AblateResult];
  'edit.forecast': [EditSetup, Forecast];
  'edit.start': [EditSetup, { job: string }];
  'edit.result': [{ run: string }, EditResult];
  'edit.images': [{ run: string; items: EditImageRef[]; width?: number }, { items: EditImageRef[] }];
  'guard.switch': [{ model: ModelRef; on: boolean; found?: string }, { job: string }];
  'guard.try': [{ model: ModelRef; prompt: string; seed: number }, { job: string }];
  'guard.image': [{ job: string; unguarded: boolean }, { job: string; unguarded: boolean }];
  'found.list': [object, { sets: FoundEntry[] }];
  'adapter.plan': [AdapterSetup, AdapterPlan];
  'adapter.start': [AdapterSetup, { job: string }];
  'adapter.result': [{ run: string }, AdapterResult];
  'adapter.images': [{ run: string; files: string[]; width?: number }, { files: string[] }];
  'adapter.export': [{ run: string; name: string; format: AdapterFormat; replace?: boolean }, { job: string }];
  'adapter.files': [object, { folder: string; files: AdapterFile[] }];
  'adapter.show': [{ path: string; model?: ModelRef }, AdapterFile];
};

export type Events = {
  guard: { guards: GuardState[] };
  job: Job;
  'job.partial': { job: string; view: string; data: object };
};
