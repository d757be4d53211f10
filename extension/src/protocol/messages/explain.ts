/** The explaining view. */
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
