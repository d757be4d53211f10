/** The state of the adapter view: what is chosen, what it would take, the training as far as it has come, its export. */
import type { Client } from '../../protocol/client';
import type {
  AdapterImage,
  AdapterPlan,
  AdapterResult,
  AdapterSetup,
  FoundEntry,
  ModelEntry,
  ModelRef,
} from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import type { Connection } from '../connection';
import { modelOf } from '../foundSets';
import { Images } from '../images';
import { JobModel } from '../jobModel';
import type { State } from '../view';
import { asSetup, type Choice, readChoice, wrongWith } from './choice';
import { Exporting } from './exporting';

const VIEW = 'adapter';
const PLAN_MILLISECONDS = 150;

export class Adapter extends JobModel {
  choice: Choice;
  /** Null until the kernel has answered. */
  sets: FoundEntry[] | null = null;
  models: ModelEntry[] = [];
  plan: AdapterPlan | null = null;
  result: AdapterResult | null = null;
  images: Images<AdapterImage> | null = null;
  /** Place of the compared images that the inspector shows. */
  scene = 0;
  readonly exporting: Exporting;

  constructor(
    connection: Connection,
    private state: State,
  ) {
    super(connection);
    const kept = state.get();
    this.choice = readChoice(kept['choice']);
    this.scene = typeof kept['scene'] === 'number' ? kept['scene'] : 0;
    this.run = typeof kept['run'] === 'string' && problemOf('$defs/run_id', kept['run']) === null ? kept['run'] : null;
    this.exporting = new Exporting(connection);
    this.stop = [
      connection.onHello(() => void this.greeted()),
      connection.onChange(() => this.jobChanged()),
      connection.client.on('job.partial', ({ view, data, job }) => {
        const result = data as AdapterResult;
        if (view === VIEW && (job === this.jobName || result.run === this.run)) {
          this.show(result);
        }
      }),
    ];
  }

  /** The model to train: the chosen one, or that of the found set. */
  get model(): ModelRef | null {
    const set = this.sets?.find(one => one.name === this.choice.found);
    return this.choice.model ?? (set ? modelOf(set, this.models) : null);
  }

  /** The setup that the choice makes; null if something is missing. */
  get setup(): AdapterSetup | null {
    const { choice, model } = this;
    return wrongWith(choice, model) === null ? asSetup(choice, model!) : null;
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
    clearTimeout(this.planning);
    this.exporting.dispose();
    this.images?.dispose();
  }

  change(choice: Partial<Choice>): void {
    this.choice = { ...this.choice, ...choice };
    this.problem = null;
    this.keep();
    this.planSoon();
  }

  moveCursor(scene: number): void {
    this.scene = scene;
    this.keep();
  }

  async start(): Promise<void> {
    const { setup, plan } = this;
    if (setup === null || plan === null || plan.problems.length > 0 || this.isRunning) {
      return;
    }
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('adapter.start', setup));
    this.follow(answer?.payload.job, null);
  }

  async resume(): Promise<void> {
    const { run } = this;
    if (run !== null && !this.isRunning) {
      this.problem = null;
      const answer = await this.ask(() => this.connection.client.request('runs.resume', { run }));
      this.follow(answer?.payload.job, run);
    }
  }

  /** Found sets are kept in other panels meanwhile. */
  async loadSets(): Promise<void> {
    const answer = await this.ask(() => this.connection.client.request('found.list', {}));
    if (answer) {
      this.sets = answer.payload.sets;
      if (!this.sets.some(set => set.name === this.choice.found)) {
        this.choice = { ...this.choice, found: this.sets[0]?.name ?? '', model: null };
      }
      this.planSoon();
    }
  }

  private follow(job: string | undefined, run: string | null): void {
    if (job !== undefined) {
      this.jobName = job;
      this.ended = null;
      this.run = run;
      this.keep();
      // Events of the job may have come before this reply.
      this.jobChanged();
    }
  }

  private async greeted(): Promise<void> {
    const known = this.connection.findJob(VIEW, job =>
      this.run === null ? job.status === 'queued' || job.status === 'running' : job.run === this.run,
    );
    this.jobName = known?.job ?? null;
    this.run ??= known?.run ?? null;
    const [models] = await Promise.all([
      this.ask(() => this.connection.client.request('models.list', {})),
      this.loadResult(),
    ]);
    this.models = models?.payload.models ?? [];
    await this.loadSets();
  }

  private async loadResult(): Promise<void> {
    const { run } = this;
    const answer = run && (await this.ask(() => this.connection.client.request('adapter.result', { run })));
    // While it trains, events know more than the last checkpoint.
    const older = answer && this.result?.run === run && this.result.losses.length > answer.payload.losses.length;
    if (answer && run === this.run && !older) {
      this.show(answer.payload);
    } else if (older) {
      this.show({ ...this.result!, status: answer.payload.status });
    }
  }

  private show(result: AdapterResult): void {
    if (result.run !== this.images?.run) {
      this.images?.dispose();
      this.images = imagesOfTraining(this.connection.client, result.run);
    }
    this.images.refresh();
    this.result = result;
    this.run = result.run;
    this.scene = Math.min(this.scene, Math.max(0, result.compared.length - 1));
    this.keep();
  }

  private jobChanged(): void {
    const { job } = this;
    if (job?.run && job.run !== this.run) {
      this.run = job.run;
      this.keep();
    }
    if (job && !this.isRunning && this.ended !== job.job) {
      this.ended = job.job;
      this.problem = job.error;
      void this.loadResult();
      this.planSoon();
    }
    this.tell();
  }

  private planSoon(): void {
    clearTimeout(this.planning);
    this.plan = null;
    this.planning = setTimeout(() => void this.loadPlan(), PLAN_MILLISECONDS);
    this.tell();
  }

  private async loadPlan(): Promise<void> {
    const { choice, setup } = this;
    if (setup !== null && this.connection.transport.connected) {
      const answer = await this.ask(() => this.connection.client.request('adapter.plan', setup));
      if (choice === this.choice) {
        this.plan = answer?.payload ?? null;
        this.tell();
      }
    }
  }

  private keep(): void {
    const { choice, run, scene } = this;
    this.state.set({ choice, scene, ...(run && { run }) });
    this.tell();
  }

  private ended: string | null = null;
  private planning: ReturnType<typeof setTimeout> | undefined;
  private run: string | null;
  private stop: (() => void)[];
}

function imagesOfTraining(client: Client, run: string): Images<AdapterImage> {
  return new Images({
    run,
    keyOf: ({ file }) => file,
    ask: async (wanted, limit) => {
      const files = wanted.map(({ file }) => file);
      const { payload, buffers } = await client.request('adapter.images', { run, files, ...limit });
      const png = new Map(payload.files.map((file, place) => [file, buffers[place]]));
      return wanted.map(ref => ({ ref, text: ref.text, png: png.get(ref.file) }));
    },
  });
}
