/** The state of the patching view: what is chosen, what the kernel said, and what runs. */
import { RequestError } from '../../protocol/client';
import type {
  ArmScore,
  Forecast,
  Job,
  ModelEntry,
  ModelRef,
  PatchingResult,
  Problem,
  SiteMap,
} from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import { Listeners } from '../../protocol/transport';
import type { Connection } from '../connection';
import { RunImages } from '../images';
import type { State } from '../view';
import { asSetup, type Choice, readChoice, wrongWith } from './choice';
import { Combining } from './combining';

const VIEW = 'patching';
const FORECAST_MILLISECONDS = 150;

/** A row of the table: a site by its index, a group of sites by its name, or one of the pinned rows. */
export type Row = number | 'selected' | 'all' | 'random' | `group:${string}`;

export class Patching {
  choice: Choice;
  models: ModelEntry[] | null = null;
  /** Of the chosen model; null until the kernel has answered. */
  siteMap: SiteMap | null = null;
  forecast: Forecast | null = null;
  result: PatchingResult | null = null;
  /** The set that the rule chooses now; undefined while it is not known. */
  chosen: ArmScore | null | undefined = undefined;
  images: RunImages | null = null;
  problem: Problem | null = null;
  cursor: Row | null = null;
  /** Places in the lists of pairs and seeds that images are shown of. */
  pair = 0;
  seed = 0;
  readonly combining: Combining;

  constructor(
    readonly connection: Connection,
    private state: State,
  ) {
    const kept = state.get();
    this.choice = readChoice(kept['choice']);
    this.run = typeof kept['run'] === 'string' && problemOf('$defs/run_id', kept['run']) === null ? kept['run'] : null;
    this.cursor = typeof kept['cursor'] === 'number' ? kept['cursor'] : null;
    this.combining = new Combining(this, readSelection(kept['selection']));
    this.stop = [
      connection.onHello(() => void this.greeted()),
      connection.onChange(() => this.jobChanged()),
      connection.client.on('job.partial', ({ view, data, job }) => {
        const result = data as PatchingResult;
        if (view === VIEW && (job === this.jobName || result.run === this.run)) {
          this.show(result);
        }
      }),
    ];
  }

  onChange = (changed: () => void): (() => void) => this.changes.add(changed);

  /** The run or resumption of this panel, if there is one. */
  get job(): Job | undefined {
    return this.jobName === null ? undefined : this.connection.job(this.jobName);
  }

  get isRunning(): boolean {
    const status = this.job?.status;
    return status === 'queued' || status === 'running';
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
    clearTimeout(this.forecasting);
    this.combining.dispose();
    this.images?.dispose();
  }

  change(choice: Partial<Choice>): void {
    this.choice = { ...this.choice, ...choice };
    this.keep();
    if (choice.share !== undefined || choice.margin !== undefined) {
      void this.applyRule();
    }
    this.forecastSoon();
  }

  async chooseModel(model: ModelRef): Promise<void> {
    this.siteMap = null;
    this.change({ model });
    await this.loadSites();
  }

  async start(): Promise<void> {
    if (wrongWith(this.choice) !== null || this.isRunning) {
      return;
    }
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('patching.start', asSetup(this.choice)));
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

  async cancel(): Promise<void> {
    if (this.job) {
      await this.ask(() => this.connection.client.request('jobs.cancel', { job: this.job!.job }));
    }
  }

  /** Send a request; what goes wrong becomes the problem that the view shows. */
  async ask<Answer>(send: () => Promise<Answer>): Promise<Answer | null> {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      this.problem = error.problem;
      this.tell();
      return null;
    }
  }

  moveCursor(cursor: Row | null): void {
    this.cursor = cursor;
    this.keep();
  }

  /** Go to another pair and seed, by so many places; the ends are joined. */
  turn(pairs: number, seeds: number): void {
    const [pairCount, seedCount] = [this.result?.pairs.length ?? 1, this.result?.seeds.length ?? 1];
    this.pair = (this.pair + pairs + pairCount) % pairCount;
    this.seed = (this.seed + seeds + seedCount) % seedCount;
    this.tell();
  }

  /** Keep what a reload should bring back, and draw. */
  keep(): void {
    const { choice, cursor, run } = this;
    this.state.set({ choice, cursor, selection: this.combining.selection, ...(run === null ? {} : { run }) });
    this.tell();
  }

  tell(): void {
    this.changes.tell();
  }

  private async greeted(): Promise<void> {
    const known = this.connection.findJob(VIEW, job =>
      this.run === null ? job.status === 'queued' || job.status === 'running' : job.run === this.run,
    );
    this.jobName = known?.job ?? null;
    this.run ??= known?.run ?? null;
    await Promise.all([this.loadModels(), this.loadResult()]);
  }

  private async loadModels(): Promise<void> {
    const answer = await this.ask(() => this.connection.client.request('models.list', {}));
    if (answer === null) {
      return;
    }
    this.models = answer.payload.models;
    const first = this.models.find(entry => !entry.refused);
    if (this.choice.model === null && first) {
      this.choice = { ...this.choice, model: { source: first.source, name: first.name } };
    }
    this.tell();
    await this.loadSites();
  }

  private async loadSites(): Promise<void> {
    const { model } = this.choice;
    if (model === null || !this.connection.transport.connected) {
      return;
    }
    this.problem = null;
    const known = this.models?.find(({ source, name }) => source === model.source && name === model.name)?.site_map;
    const map = known ?? (await this.ask(() => this.connection.client.request('models.sites', { model })))?.payload;
    if (model === this.choice.model) {
      this.siteMap = map ?? null;
      this.tell();
      this.forecastSoon();
    }
  }

  private async loadResult(): Promise<void> {
    const { run } = this;
    if (run === null) {
      return;
    }
    const answer = await this.ask(() => this.connection.client.request('patching.result', { run }));
    if (answer && run === this.run) {
      this.show(answer.payload);
    }
  }

  private forecastSoon(): void {
    clearTimeout(this.forecasting);
    this.forecast = null;
    if (wrongWith(this.choice) === null && this.siteMap !== null) {
      this.forecasting = setTimeout(() => void this.loadForecast(), FORECAST_MILLISECONDS);
    }
  }

  private async loadForecast(): Promise<void> {
    const { choice } = this;
    const answer = await this.ask(() => this.connection.client.request('patching.forecast', asSetup(choice)));
    if (choice === this.choice) {
      this.forecast = answer?.payload ?? null;
      this.tell();
    }
  }

  private follow(job: string | undefined, run: string | null): void {
    if (job !== undefined) {
      this.jobName = job;
      this.ended = null;
      if (run === null) {
        this.run = null;
        this.combining.clear();
      }
      this.keep();
      // Events of the job may have come before this reply.
      this.jobChanged();
    }
  }

  /** Take the id of the run as soon as the job has one; at its end ask for all that is there. */
  private jobChanged(): void {
    const { job } = this;
    if (job?.run && job.run !== this.run) {
      this.run = job.run;
      this.keep();
    }
    if (job && (job.status === 'cancelled' || job.status === 'failed') && this.ended !== job.job) {
      this.ended = job.job;
      this.problem = job.error;
      void this.loadResult();
    }
    this.tell();
  }

  private show(result: PatchingResult): void {
    if (this.images?.run !== result.run) {
      this.images?.dispose();
      this.images = new RunImages(this.connection.client, result.run);
      this.images.onChange(() => this.tell());
    }
    this.images.refresh();
    this.result = result;
    if (this.run !== result.run) {
      this.run = result.run;
      this.keep();
    }
    this.pair = Math.min(this.pair, result.pairs.length - 1);
    this.seed = Math.min(this.seed, result.seeds.length - 1);
    this.chosen =
      result.found && !this.ruleChanged(result) ? (result.found.reached ? result.found.score : null) : undefined;
    if (this.chosen === undefined && result.status === 'done') {
      void this.applyRule();
    }
    this.combining.resultChanged();
    this.tell();
  }

  private ruleChanged(result: PatchingResult): boolean {
    return result.rule.share !== this.choice.share || result.rule.drift_margin !== this.choice.margin;
  }

  private async applyRule(): Promise<void> {
    const { result, choice } = this;
    if (result?.status !== 'done') {
      return;
    }
    const rule = { run: result.run, share: choice.share, drift_margin: choice.margin };
    const answer = await this.ask(() => this.connection.client.request('patching.found', rule));
    if (answer && choice.share === this.choice.share && choice.margin === this.choice.margin) {
      this.chosen = answer.payload.found;
      this.tell();
    }
  }

  private changes = new Listeners<[]>();
  private ended: string | null = null;
  private forecasting: ReturnType<typeof setTimeout> | undefined;
  private jobName: string | null = null;
  private run: string | null;
  private stop: (() => void)[];
}

function readSelection(kept: unknown): number[] {
  return Array.isArray(kept) ? kept.filter(site => Number.isInteger(site) && site >= 0).slice(0, 200) : [];
}
