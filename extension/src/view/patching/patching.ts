/** The state of the patching view: what is chosen, what the kernel said, and what runs. */
import type {
  ArmScore,
  Forecast,
  ImageRef,
  ModelEntry,
  ModelRef,
  PatchingResult,
  SiteMap,
} from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import type { Connection } from '../connection';
import { type Images, imagesOfRun } from '../images';
import { JobModel } from '../jobModel';
import type { State } from '../view';
import { asSetup, type Choice, readChoice, wrongWith } from './choice';
import { Combining, readSelection } from './combining';
import { RecordedRun } from './recordedRun';
import { Rule } from './rule';

const VIEW = 'patching';

/** What the rows of sites are ordered by: their place in the model, or a figure, largest effect and smallest drift first. */
export const SORTS = ['site', 'effect', 'drift'] as const;
export type Sort = (typeof SORTS)[number];

const FORECAST_MILLISECONDS = 150;

/** A row of the table: a site by its index, a group of sites by its name, or one of the pinned rows. */
export type Row = number | 'selected' | 'all' | 'random' | `group:${string}`;

export class Patching extends JobModel {
  choice: Choice;
  models: ModelEntry[] | null = null;
  /** Of the chosen model; null until the kernel has answered. */
  siteMap: SiteMap | null = null;
  forecast: Forecast | null = null;
  result: PatchingResult | null = null;
  images: Images<ImageRef> | null = null;
  cursor: Row | null = null;
  /** Of the site under the cursor, whose images are shown instead of those of the whole site. */
  head: number | null = null;
  sort: Sort;
  /** In a notebook cell that shows a run, until somebody asks for it. */
  setupHidden: boolean;
  /** Places in the lists of pairs and seeds that images are shown of. */
  pair = 0;
  seed = 0;
  readonly combining: Combining;
  readonly rule = new Rule(this);
  readonly recorded = new RecordedRun(this);

  constructor(
    connection: Connection,
    private state: State,
  ) {
    super(connection);
    const kept = state.get();
    this.choice = readChoice(kept['choice']);
    this.run = typeof kept['run'] === 'string' && problemOf('$defs/run_id', kept['run']) === null ? kept['run'] : null;
    this.cursor = typeof kept['cursor'] === 'number' ? kept['cursor'] : null;
    this.head = typeof kept['head'] === 'number' ? kept['head'] : null;
    this.sort = SORTS.find(sort => sort === kept['sort']) ?? 'site';
    this.setupHidden = kept['setup'] === 'hidden';
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

  /** Whether nothing was run or opened in this panel yet. */
  get hasNoRun(): boolean {
    return this.run === null && this.jobName === null;
  }

  /** The set that the rule chooses now; undefined while it is not known. */
  get chosen(): ArmScore | null | undefined {
    return this.rule.chosen;
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
    const ofRule = choice.share !== undefined || choice.margin !== undefined;
    if (ofRule) {
      void this.rule.apply();
    }
    // Another rule costs the same, so a forecast that is there stays while a rule is dragged.
    if (!ofRule || this.forecast === null) {
      this.forecastSoon();
    }
  }

  async chooseModel(model: ModelRef): Promise<void> {
    this.siteMap = null;
    if (model.name !== this.result?.model) {
      this.recorded.forget();
    }
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

  moveCursor(cursor: Row | null): void {
    this.cursor = cursor;
    this.showHead(null);
  }

  showHead(head: number | null): void {
    this.head = head;
    this.keep();
  }

  hideSetup(hidden: boolean): void {
    this.setupHidden = hidden;
    this.keep();
  }

  sortBy(sort: Sort): void {
    this.sort = sort;
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
    const { choice, cursor, head, sort } = this;
    const run = this.run === null ? {} : { run: this.run };
    const setup = this.setupHidden ? { setup: 'hidden' } : {};
    this.state.set({ choice, cursor, head, sort, selection: this.combining.selection, ...run, ...setup });
    this.tell();
  }

  private async greeted(): Promise<void> {
    const known = this.connection.findJob(VIEW, job =>
      this.run === null ? job.status === 'queued' || job.status === 'running' : job.run === this.run,
    );
    this.jobName = known?.job ?? null;
    this.run ??= known?.run ?? null;
    if (this.hasNoRun) {
      void this.recorded.show();
    }
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
        this.recorded.forget();
      }
      this.keep();
      // Events of the job may have come before this reply.
      this.jobChanged();
    }
  }

  /** Take the id of the run as soon as the job has one; at its end ask for all that is there. */
  private jobChanged(): void {
    this.takeOver();
    const { job } = this;
    if (job?.run && job.run !== this.run) {
      this.run = job.run;
      this.keep();
    }
    if (job && !this.isRunning && this.ended !== job.job) {
      this.ended = job.job;
      // The speed is known better now.
      this.forecastSoon();
      if (job.status !== 'done') {
        this.problem = job.error;
        void this.loadResult();
      }
    }
    this.tell();
  }

  /** A run that stopped may go on from elsewhere, such as the panel of runs; its job is then ours too. */
  private takeOver(): void {
    const { run, result, combining } = this;
    if (run === null || this.isRunning || result?.status === 'done') {
      return;
    }
    const other = this.connection.findJob(VIEW, job => job.run === run && job.job !== combining.job?.job);
    if (other?.status === 'queued' || other?.status === 'running') {
      this.jobName = other.job;
      this.ended = null;
      this.problem = null;
    }
  }

  private show(result: PatchingResult): void {
    if (this.images?.run !== result.run) {
      this.images?.dispose();
      this.images = imagesOfRun(this.connection.client, result.run);
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
    this.rule.resultChanged(result);
    this.combining.resultChanged();
    this.tell();
  }

  private ended: string | null = null;
  private forecasting: ReturnType<typeof setTimeout> | undefined;
  private run: string | null;
  private stop: (() => void)[];
}
