/** Requests and events, by name. */
import type { AblateOptions, AblatePlan, AblateResult, AblateSetup } from './ablate';
import type { AdapterFile, AdapterFormat, AdapterPlan, AdapterResult, AdapterSetup } from './adapter';
import type { ArmScore, Forecast, FoundEntry, GuardState, Hello, Job, ModelEntry, ModelRef, SiteMap } from './core';
import type { EditImageRef, EditResult, EditSetup } from './edit';
import type { ExplainOptions, ExplainResult, ExplainSetup } from './explain';
import type { ImageRef, PatchingResult, PatchingSetup, ReadImage } from './patching';
import type { ComparedKey, RunEntry, Why } from './runs';

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
