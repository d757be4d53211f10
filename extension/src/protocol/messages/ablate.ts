/** The ablation view. */
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
