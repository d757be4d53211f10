/** The state of the view of runs: the list, what is looked for, the row under the cursor, and two that are compared. */
import type { ComparedKey, Job, PatchingResult, Replay, RunEntry, Why } from '../../protocol/messages';
import { problemOf } from '../../protocol/schema';
import type { Connection } from '../connection';
import { JobModel } from '../jobModel';
import type { State } from '../view';

/** Runs of this verb have a profile over the layers that can be laid over another. */
const PROFILED = 'localize';
const REPLAY_VIEW = 'runs.replay';
const LONGEST_LINE = 200;

export interface Comparison {
  runs: [string, string];
  keys: ComparedKey[];
  /** The results of two localisations; null while they are read, and for other runs. */
  results: [PatchingResult, PatchingResult] | null;
  reading: boolean;
}

export class Runs extends JobModel {
  /** Newest first; null until the kernel has answered. */
  entries: RunEntry[] | null = null;
  /** The line of the find field. */
  line: string;
  cursor: string | null;
  /** At most two, in the order in which they were chosen. */
  selected: string[];
  comparison: Comparison | null = null;
  /** Of the failed run that was under the cursor last. */
  why: (Why & { run: string }) | null = null;
  /** The runs that are replayed, or were last. */
  replayed: string[] = [];
  /** What the question before a deletion is about. */
  doomed: { run: string; images: number; bytes: number } | null = null;

  constructor(
    connection: Connection,
    private state: State,
  ) {
    super(connection);
    const kept = state.get();
    this.line = typeof kept['line'] === 'string' ? kept['line'].slice(0, LONGEST_LINE) : '';
    this.cursor = isRun(kept['cursor']) ? kept['cursor'] : null;
    this.selected = Array.isArray(kept['selected']) ? kept['selected'].filter(isRun).slice(0, 2) : [];
    this.stop = [connection.onHello(() => this.greeted()), connection.client.on('job', () => this.jobChanged())];
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
  }

  entry(run: string | null): RunEntry | undefined {
    return this.entries?.find(entry => entry.run === run);
  }

  /** How the newest replay of a run came out. */
  outcomeOf(run: string): Replay | null {
    return this.entries?.find(({ replay }) => replay?.run === run)?.replay ?? null;
  }

  /** Whether the job that is followed replays runs; others go on with one. */
  get isReplay(): boolean {
    return this.job?.view === REPLAY_VIEW;
  }

  /** Ask for the list again: notebooks and the command line write to the same store. */
  async reload(): Promise<void> {
    this.problem = null;
    await this.refresh();
  }

  private async refresh(): Promise<void> {
    const answer = await this.ask(() => this.connection.client.request('runs.list', {}));
    if (answer) {
      this.entries = answer.payload.runs;
      this.selected = this.selected.filter(run => this.entry(run));
      this.cursor = this.entry(this.cursor) ? this.cursor : null;
      this.tell();
      await Promise.all([this.askWhy(), this.compare()]);
    }
  }

  find(line: string): void {
    this.line = line.slice(0, LONGEST_LINE);
    this.keep();
  }

  moveCursor(run: string): void {
    this.cursor = run;
    this.doomed = this.doomed?.run === run ? this.doomed : null;
    this.keep();
    void this.askWhy();
  }

  /** Choose a run for the comparison, or leave it; a third one takes the place of the first. */
  toggle(run: string): void {
    const others = this.selected.filter(other => other !== run);
    this.selected = others.length < this.selected.length ? others : [...this.selected, run].slice(-2);
    this.keep();
    void this.compare();
  }

  async resume(run: string): Promise<void> {
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('runs.resume', { run }));
    if (answer) {
      this.follow(answer.payload.job, []);
    }
  }

  /** Run finished runs again and compare what they make. */
  async replay(runs: string[]): Promise<void> {
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('runs.replay', { runs }));
    if (answer) {
      this.follow(answer.payload.job, runs);
    }
  }

  /** Look what a deletion would remove, and ask. */
  async askToDelete(run: string): Promise<void> {
    this.moveCursor(run);
    const answer = await this.ask(() => this.connection.client.request('runs.size', { run }));
    if (answer && this.cursor === run) {
      this.doomed = { run, ...answer.payload };
      this.tell();
    }
  }

  spare(): void {
    this.doomed = null;
    this.tell();
  }

  /** Delete the run that the question was about; the row after it takes the cursor. */
  async deleteDoomed(shown: readonly RunEntry[]): Promise<void> {
    const { doomed } = this;
    if (doomed === null) {
      return;
    }
    this.doomed = null;
    const place = shown.findIndex(({ run }) => run === doomed.run);
    const request = { run: doomed.run, confirmed: true } as const;
    const answer = await this.ask(() => this.connection.client.request('runs.delete', request));
    if (answer) {
      this.cursor = (shown[place + 1] ?? shown[place - 1])?.run ?? null;
      this.keep();
      await this.reload();
    }
  }

  private async askWhy(): Promise<void> {
    const entry = this.entry(this.cursor);
    if (entry?.status !== 'failed') {
      return;
    }
    const { run } = entry;
    const answer = await this.ask(() => this.connection.client.request('runs.why', { run }));
    if (answer && this.cursor === run) {
      this.why = { run, ...answer.payload };
      this.tell();
    }
  }

  private greeted(): void {
    const going = ({ status }: Job): boolean => status === 'queued' || status === 'running';
    this.jobName ??= this.connection.findJob(REPLAY_VIEW, going)?.job ?? null;
    void this.reload();
  }

  private follow(job: string, replayed: string[]): void {
    this.jobName = job;
    this.replayed = replayed;
    // Events of the job may have come before this reply.
    this.jobChanged();
  }

  private async compare(): Promise<void> {
    const [left, right] = this.selected.map(run => this.entry(run));
    if (left === undefined || right === undefined) {
      this.comparison = null;
      this.tell();
      return;
    }
    const runs: [string, string] = [left.run, right.run];
    const { client } = this.connection;
    const compared = await this.ask(() => client.request('runs.compare', { runs }));
    if (compared === null || runs.join() !== this.selected.join()) {
      return;
    }
    const before = this.comparison?.runs.join() === runs.join() ? this.comparison.results : null;
    const profiled = left.verb === PROFILED && right.verb === PROFILED;
    this.comparison = { runs, keys: compared.payload.keys, results: before, reading: profiled && before === null };
    this.tell();
    if (!profiled) {
      return;
    }
    const both = await this.ask(() =>
      Promise.all(runs.map(async run => (await client.request('patching.result', { run })).payload)),
    );
    if (this.comparison?.runs.join() === runs.join()) {
      this.comparison = { ...this.comparison, reading: false, results: both ? [both[0]!, both[1]!] : before };
      this.tell();
    }
  }

  /** A job that started, ended or got its run changes the list; its progress is drawn from the job itself. */
  private jobChanged(): void {
    const jobs = this.connection.allJobs().map(({ job, status, run }) => `${job} ${status} ${run}`);
    const news = jobs.join();
    if (news !== this.known) {
      this.known = news;
      void this.refresh();
    }
    if (this.job?.status === 'failed' && this.ended !== this.job.job) {
      this.ended = this.job.job;
      this.problem = this.job.error;
    }
    this.tell();
  }

  private keep(): void {
    const { line, cursor, selected } = this;
    this.state.set({ line, selected, ...(cursor === null ? {} : { cursor }) });
    this.tell();
  }

  private ended: string | null = null;
  private known = '';
  private stop: (() => void)[];
}

function isRun(kept: unknown): kept is string {
  return typeof kept === 'string' && problemOf('$defs/run_id', kept) === null;
}
