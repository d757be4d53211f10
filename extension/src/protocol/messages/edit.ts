/** The editing view and the guard. */
import type { Interval, ModelRef } from './core';

export type EditSetup = {
  model: ModelRef;
  found: string;
  source: string;
  targets: string[];
  seeds?: number;
  steps?: number | null;
  start_step?: number;
  /** File whose image is edited, with one seed. */
  image?: string;
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
  /** Whether the image came from a file. */
  given?: boolean;
  methods: EditMethod[];
  images: (EditImageRef & { text: string; exact: number; ssim: number })[];
  notes: string[];
  seconds: number;
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
