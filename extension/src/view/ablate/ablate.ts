/** The state of the ablate view: what is chosen, what it would take, and the matrix as far as it has come. */
import type { AblateOptions, AblatePlan, AblateResult, AblateRow, AblateSetup } from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import type { Connection } from '../connection';
import { type Example, loadExample, RECORDED } from '../example';
import { JobModel } from '../jobModel';
import type { State } from '../view';
import { type Choice, FIRST_CHOICE, readChoice, wholeSetup } from './choice';

const VIEW = 'ablate';
const PLAN_MILLISECONDS = 150;

/** Trained from scratch in a variant, or the trained baseline converted to it. */
export type Mode = 'scratch' | 'convert';

export interface Cell {
  system: string;
  variant: string;
}

export class Ablate extends JobModel {
  choice: Choice;
  mode: Mode;
  options: AblateOptions | null = null;
  plan: AblatePlan | null = null;
  result: AblateResult | null = null;
  cursor: Cell | null = null;

  constructor(
    connection: Connection,
    private state: State,
  ) {
    super(connection);
    const kept = state.get();
    this.choice = readChoice(kept['choice']);
    this.mode = kept['mode'] === 'convert' ? 'convert' : 'scratch';
    this.cursor = readCell(kept['cursor']);
    this.run = typeof kept['run'] === 'string' && problemOf('$defs/run_id', kept['run']) === null ? kept['run'] : null;
    this.stop = [
      connection.onHello(() => void this.greeted()),
      connection.onChange(() => this.jobChanged()),
      connection.client.on('job.partial', ({ view, data, job }) => {
        const result = data as AblateResult;
        if (view === VIEW && (job === this.jobName || result.run === this.run)) {
          this.show(result);
        }
      }),
    ];
  }

  /** Whether the result was recorded elsewhere: nothing has run here yet. */
  get recorded(): boolean {
    return this.result?.run === RECORDED;
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
    clearTimeout(this.planning);
  }

  change(choice: Partial<Choice>): void {
    this.choice = { ...this.choice, ...choice };
    this.keep();
    this.planSoon();
  }

  setMode(mode: Mode): void {
    this.mode = mode;
    this.keep();
  }

  moveCursor(cursor: Cell): void {
    this.cursor = cursor;
    this.keep();
  }

  /** The row of a system and a variant. */
  row({ system, variant }: Cell): AblateRow | undefined {
    return this.result?.rows.find(row => row.system === system && row.variant === variant);
  }

  async start(): Promise<void> {
    const setup = wholeSetup(this.choice);
    if (setup === null || this.isRunning) {
      return;
    }
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('ablate.start', setup));
    this.follow(answer?.payload.job, null);
  }

  /** Run here what the recorded result shows. */
  async runExample(): Promise<void> {
    this.change({ ...FIRST_CHOICE, ...this.example?.setup });
    await this.start();
  }

  async resume(): Promise<void> {
    const { run } = this;
    if (run !== null && !this.isRunning) {
      this.problem = null;
      const answer = await this.ask(() => this.connection.client.request('runs.resume', { run }));
      this.follow(answer?.payload.job, run);
    }
  }

  private follow(job: string | undefined, run: string | null): void {
    if (job !== undefined) {
      this.jobName = job;
      this.ended = null;
      this.run = run;
      this.result = this.recorded ? null : this.result;
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
    if (this.run === null && this.jobName === null) {
      void this.showExample();
    }
    const [answer] = await Promise.all([
      this.ask(() => this.connection.client.request('ablate.options', {})),
      this.loadResult(),
    ]);
    this.options = answer?.payload ?? null;
    this.tell();
    this.planSoon();
  }

  private async loadResult(): Promise<void> {
    const { run } = this;
    const answer = run && (await this.ask(() => this.connection.client.request('ablate.result', { run })));
    if (answer && run === this.run) {
      this.show(answer.payload);
    }
  }

  private async showExample(): Promise<void> {
    const example = await loadExample<AblateSetup, AblateResult>(this.connection.client, VIEW);
    if (example && this.result === null && this.run === null && this.jobName === null) {
      this.example = example;
      this.result = example.results[0] ?? null;
      this.tell();
    }
  }

  private show(result: AblateResult): void {
    this.result = result;
    this.run = result.run;
    this.cursor = this.cursor && this.row(this.cursor) ? this.cursor : null;
    this.keep();
  }

  private jobChanged(): void {
    const { job } = this;
    if (job?.run && job.run !== this.run) {
      this.run = job.run;
      this.keep();
    }
    if (job && job.status !== 'queued' && job.status !== 'running' && this.ended !== job.job) {
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
    const { choice } = this;
    const setup = wholeSetup(choice);
    if (setup !== null && this.connection.transport.connected) {
      const answer = await this.ask(() => this.connection.client.request('ablate.plan', setup));
      if (choice === this.choice) {
        this.plan = answer?.payload ?? null;
        this.tell();
      }
    }
  }

  private keep(): void {
    const { choice, mode, cursor, run } = this;
    this.state.set({ choice, mode, ...(cursor && { cursor: { ...cursor } }), ...(run && { run }) });
    this.tell();
  }

  private ended: string | null = null;
  private example: Example<AblateSetup, AblateResult> | null = null;
  private planning: ReturnType<typeof setTimeout> | undefined;
  private run: string | null;
  private stop: (() => void)[];
}

function readCell(kept: unknown): Cell | null {
  const { system, variant } = (kept ?? {}) as Partial<Cell>;
  return typeof system === 'string' && typeof variant === 'string' ? { system, variant } : null;
}
