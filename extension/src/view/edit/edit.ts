/** The state of the edit view: what is chosen, the edit and the image of it that is looked at, and the guard. */
import type { Client } from '../../protocol/client';
import type {
  EditImageRef,
  EditMethodName,
  EditResult,
  EditSetup,
  Forecast,
  FoundEntry,
  ModelEntry,
  ModelRef,
} from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import type { Connection } from '../connection';
import { loadExample, RECORDED } from '../example';
import { modelOf } from '../foundSets';
import { Images, type LoadedImage, type Size } from '../images';
import { JobModel } from '../jobModel';
import type { State } from '../view';
import { asSetup, type Choice, readChoice, wrongWith } from './choice';
import { Guarding } from './guarding';

const VIEW = 'edit';
const FORECAST_MILLISECONDS = 150;

/** The image in the slider: places in the lists of pairs and seeds, and who made it. */
export interface Cursor {
  pair: number;
  seed: number;
  method: EditMethodName;
}

export class Edit extends JobModel {
  choice: Choice;
  /** Null until the kernel has answered. */
  sets: FoundEntry[] | null = null;
  models: ModelEntry[] = [];
  forecast: Forecast | null = null;
  result: EditResult | null = null;
  cursor: Cursor = { pair: 0, seed: 0, method: 'found' };
  readonly guarding: Guarding;

  constructor(
    connection: Connection,
    private state: State,
  ) {
    super(connection);
    const kept = state.get();
    this.choice = readChoice(kept['choice']);
    this.run = typeof kept['run'] === 'string' && problemOf('$defs/run_id', kept['run']) === null ? kept['run'] : null;
    this.cursor = readCursor(kept['cursor']);
    this.guarding = new Guarding(connection);
    this.stop = [
      connection.onHello(() => void this.greeted()),
      connection.onChange(() => this.jobChanged()),
      connection.client.on('job.partial', ({ view, data, job }) => {
        if (view === VIEW && job === this.jobName) {
          this.show(data as EditResult);
        }
      }),
    ];
  }

  /** The model to edit with and to guard: the chosen one, or that of the found set. */
  get model(): ModelRef | null {
    const set = this.sets?.find(one => one.name === this.choice.found);
    return this.choice.model ?? (set ? modelOf(set, this.models) : null);
  }

  /** The setup that the choice makes; null if something is wrong with it. */
  get setup(): EditSetup | null {
    const { choice, model } = this;
    return wrongWith(choice, model) === null ? asSetup(choice, model!) : null;
  }

  /** Steps of the model as it is meant to be used, as far as that is known before it is opened. */
  get usualSteps(): number {
    const { model } = this;
    return (
      this.models.find(entry => entry.source === model?.source && entry.name === model.name)?.site_map?.steps ??
      this.result?.steps ??
      16
    );
  }

  /** Whether the result was recorded elsewhere: nothing has run here yet. */
  get recorded(): boolean {
    return this.result?.run === RECORDED;
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
    clearTimeout(this.forecasting);
    this.guarding.dispose();
    this.images?.dispose();
  }

  change(choice: Partial<Choice>): void {
    this.choice = { ...this.choice, ...choice };
    this.problem = null;
    this.keep();
    this.forecastSoon();
  }

  async start(): Promise<void> {
    const { setup } = this;
    if (setup === null || this.isRunning) {
      return;
    }
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('edit.start', setup));
    if (answer) {
      this.jobName = answer.payload.job;
      this.result = this.recorded ? null : this.result;
      this.ended = null;
      // Events of the job may have come before this reply.
      this.jobChanged();
    }
  }

  /** Found sets are kept in other panels meanwhile. */
  async loadSets(): Promise<void> {
    const answer = await this.ask(() => this.connection.client.request('found.list', {}));
    if (answer) {
      this.sets = answer.payload.sets;
      if (!this.sets.some(set => set.name === this.choice.found)) {
        this.choice = { ...this.choice, found: this.sets[0]?.name ?? '', model: null };
        this.forecastSoon();
      }
      this.tell();
    }
  }

  moveCursor(cursor: Partial<Cursor>): void {
    this.cursor = { ...this.cursor, ...cursor };
    this.keep();
  }

  /** Go to another pair and seed, by so many places; the ends are joined. */
  turn(pairs: number, seeds: number): void {
    const [pairCount, seedCount] = [this.result?.pairs.length ?? 1, this.result?.seeds.length ?? 1];
    const { pair, seed } = this.cursor;
    this.moveCursor({ pair: (pair + pairs + pairCount) % pairCount, seed: (seed + seeds + seedCount) % seedCount });
  }

  /** The image at a place; it is asked for where it is not there yet. */
  image({ pair, seed, method }: Cursor, size?: Size): LoadedImage | undefined {
    const number = this.result?.seeds[seed];
    return number === undefined ? undefined : this.images?.get({ pair, seed: number, method }, size);
  }

  /** What was measured on the image at a place; a method may have left a pair out. */
  measured({ pair, seed, method }: Cursor): EditResult['images'][number] | undefined {
    const number = this.result?.seeds[seed];
    return this.result?.images.find(one => one.pair === pair && one.seed === number && one.method === method);
  }

  private async greeted(): Promise<void> {
    const known = this.connection.findJob(VIEW, job => job.status === 'queued' || job.status === 'running');
    this.jobName = known?.job ?? null;
    if (this.run === null && this.jobName === null) {
      void this.showExample();
    }
    const [models] = await Promise.all([
      this.ask(() => this.connection.client.request('models.list', {})),
      this.loadSets(),
      this.loadResult(),
    ]);
    this.models = models?.payload.models ?? [];
    this.forecastSoon();
  }

  private forecastSoon(): void {
    clearTimeout(this.forecasting);
    this.forecast = null;
    this.forecasting = setTimeout(() => void this.loadForecast(), FORECAST_MILLISECONDS);
    this.tell();
  }

  private async loadForecast(): Promise<void> {
    const { choice, setup } = this;
    if (setup !== null && this.connection.transport.connected) {
      const answer = await this.ask(() => this.connection.client.request('edit.forecast', setup));
      if (choice === this.choice) {
        this.forecast = answer?.payload ?? null;
        this.tell();
      }
    }
  }

  private async loadResult(): Promise<void> {
    const { run } = this;
    const answer = run && (await this.ask(() => this.connection.client.request('edit.result', { run })));
    if (answer && run === this.run) {
      this.show(answer.payload);
    }
  }

  private async showExample(): Promise<void> {
    const example = await loadExample<object, EditResult>(this.connection.client, VIEW);
    if (example && this.result === null && this.run === null && this.jobName === null) {
      this.result = example.results[0] ?? null;
      this.images = example.images<EditImageRef>(({ method }) => method);
      this.images.onChange(() => this.tell());
      this.tell();
    }
  }

  private show(result: EditResult): void {
    if (this.images?.run !== result.run) {
      this.images?.dispose();
      this.images = imagesOfEdit(this.connection.client, result);
      this.images.onChange(() => this.tell());
    }
    this.images.refresh();
    this.result = result;
    this.run = result.run;
    const { pair, seed, method } = this.cursor;
    this.cursor = {
      pair: Math.min(pair, result.pairs.length - 1),
      seed: Math.min(seed, result.seeds.length - 1),
      method: result.methods.some(one => one.method === method) ? method : 'found',
    };
    this.keep();
  }

  private jobChanged(): void {
    const { job } = this;
    if (job && !this.isRunning && this.ended !== job.job) {
      this.ended = job.job;
      this.problem = job.error;
      // The speed is known better now.
      this.forecastSoon();
      if (job.run && job.run !== this.result?.run) {
        this.run = job.run;
        void this.loadResult();
      }
    }
    this.tell();
  }

  private keep(): void {
    const { choice, run, cursor } = this;
    this.state.set({ choice, cursor, ...(run && { run }) });
    this.tell();
  }

  private ended: string | null = null;
  private forecasting: ReturnType<typeof setTimeout> | undefined;
  private images: Images<EditImageRef> | null = null;
  private run: string | null;
  private stop: (() => void)[];
}

function imagesOfEdit(client: Client, { run, images }: EditResult): Images<EditImageRef> {
  const keyOf = ({ pair, seed, method }: EditImageRef): string => `${pair}/${seed}/${method}`;
  const texts = new Map(images.map(image => [keyOf(image), image.text]));
  return new Images({
    run,
    keyOf,
    ask: async (items, limit) => {
      const { payload, buffers } = await client.request('edit.images', { run, items, ...limit });
      return payload.items.map((ref, place) => ({ ref, text: texts.get(keyOf(ref)) ?? '', png: buffers[place] }));
    },
  });
}

function readCursor(kept: unknown): Cursor {
  const given = typeof kept === 'object' && kept !== null ? kept : {};
  return problemOf('$defs/edit_image_ref', given) === null ? (given as Cursor) : { pair: 0, seed: 0, method: 'found' };
}
