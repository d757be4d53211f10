/** The adapter view. */
import type { ModelRef } from './core';

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
