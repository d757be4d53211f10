/** The state of the explain view: what is chosen, the strips, the comparison, and words that are taken away. */
import type { ExplainOptions, ExplainResult, ExplainSetup } from '../../protocol/messages';
import type { Connection } from '../connection';
import { type Example, loadExample } from '../example';
import { JobModel } from '../jobModel';
import type { State } from '../view';
import { type Choice, FIRST_CHOICE, readChoice, wholeSetup } from './choice';

const VIEW = 'explain';

/** A text without some of its words. */
export interface Shortened {
  words: number[];
  /** Null until the kernel has decided it. */
  decided: { margin: number; probability: number; prediction: string } | null;
}

export class Explain extends JobModel {
  choice: Choice;
  options: ExplainOptions | null = null;
  result: ExplainResult | null = null;
  comparison: ExplainResult | null = null;
  /** Whether toxic words are shown as they are; never kept. */
  shown = false;
  /** The text and the word that the inspector shows. */
  cursor = { text: 0, word: 0 };
  readonly shortened = new Map<number, Shortened>();

  constructor(
    connection: Connection,
    private state: State,
  ) {
    super(connection);
    const kept = state.get();
    this.choice = readChoice(kept['choice']);
    this.explained = nameOf(kept['job']);
    this.compared = nameOf(kept['comparison']);
    this.jobName = this.compared ?? this.explained;
    this.stop = [
      connection.onHello(() => void this.greeted()),
      connection.onChange(() => this.jobChanged()),
      connection.client.on('job.partial', ({ view, data, job }) => {
        if (view === VIEW && (job === this.explained || job === this.compared)) {
          this.show(data as ExplainResult);
        }
      }),
    ];
  }

  /** Whether the job is a comparison of methods. */
  get comparing(): boolean {
    return this.jobName !== null && this.jobName === this.compared;
  }

  /** Whether what is shown was recorded elsewhere: nothing has run here yet. */
  get recorded(): boolean {
    return this.result !== null && this.explained === null;
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
  }

  change(choice: Partial<Choice>): void {
    this.choice = { ...this.choice, ...choice };
    this.keep();
  }

  async start(): Promise<void> {
    const setup = wholeSetup(this.choice);
    if (setup === null || this.isRunning) {
      return;
    }
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('explain.start', setup));
    if (answer) {
      this.jobName = this.explained = answer.payload.job;
      this.compared = this.comparison = this.result = null;
      this.cursor = { text: 0, word: 0 };
      this.shortened.clear();
      await this.started(this.explained);
    }
  }

  /** Run here what the recorded result shows. */
  async runExample(): Promise<void> {
    if (this.example !== null) {
      const { classifier, texts } = this.example.setup;
      this.change({ ...FIRST_CHOICE, classifier, text: texts.join('\n') });
      await this.start();
    }
  }

  async compare(): Promise<void> {
    const setup = wholeSetup(this.choice);
    if (setup === null || this.isRunning) {
      return;
    }
    this.problem = null;
    const answer = await this.ask(() => this.connection.client.request('explain.compare', setup));
    if (answer) {
      this.jobName = this.compared = answer.payload.job;
      this.result = this.recorded ? null : this.result;
      this.comparison = null;
      await this.started(this.compared);
    }
  }

  /** Ask for words as they are, or give them up again. */
  async setShown(shown: boolean): Promise<void> {
    this.shown = shown;
    this.tell();
    await Promise.all([this.load(this.explained), this.load(this.compared)]);
  }

  moveCursor(text: number, word: number): void {
    this.cursor = { text, word };
    this.tell();
  }

  /** Take a word away and see what the classifier decides then. */
  remove(text: number, word: number): void {
    const before = this.shortened.get(text)?.words ?? [];
    if (!before.includes(word) && before.length + 1 < (this.result?.texts[text]?.words.length ?? 0)) {
      void this.decide(text, [...before, word]);
    }
  }

  /** Bring back the word that was taken away last. */
  restore(text: number): void {
    void this.decide(text, (this.shortened.get(text)?.words ?? []).slice(0, -1));
  }

  private async decide(text: number, words: number[]): Promise<void> {
    const job = this.explained;
    if (words.length === 0 || job === null) {
      this.shortened.delete(text);
      this.tell();
      return;
    }
    const shortened: Shortened = { words, decided: null };
    this.shortened.set(text, shortened);
    this.tell();
    const answer = await this.ask(() => this.connection.client.request('explain.without', { job, text, words }));
    shortened.decided = answer?.payload ?? null;
    this.tell();
  }

  private async greeted(): Promise<void> {
    const answer = await this.ask(() => this.connection.client.request('explain.options', {}));
    this.options = answer?.payload ?? null;
    const first = this.options?.classifiers.at(-1);
    if (this.choice.classifier === '' && first) {
      this.choice = { ...this.choice, classifier: first.name };
    }
    this.tell();
    // A kernel that was restarted knows no explanation any more.
    this.explained = this.known(this.explained);
    this.compared = this.known(this.compared);
    await Promise.all([this.load(this.explained), this.load(this.compared)]);
    if (this.explained === null && this.compared === null) {
      await this.showExample();
    }
  }

  private async showExample(): Promise<void> {
    const example = await loadExample<ExplainSetup, ExplainResult>(this.connection.client, VIEW);
    if (example && this.explained === null && this.compared === null) {
      this.example = example;
      this.result = example.results[0] ?? null;
      this.comparison = example.results[1] ?? null;
      this.tell();
    }
  }

  private known(job: string | null): string | null {
    return job !== null && this.connection.job(job)?.view === VIEW ? job : null;
  }

  private async started(job: string): Promise<void> {
    this.keep();
    // Events of the job may have come before this reply.
    if (this.connection.job(job)?.status === 'done') {
      await this.load(job);
    }
    this.jobChanged();
  }

  private async load(job: string | null): Promise<void> {
    if (job === null || this.connection.job(job)?.status === 'queued') {
      return;
    }
    const { shown } = this;
    const answer = await this.ask(() => this.connection.client.request('explain.result', { job, shown }));
    if (answer && shown === this.shown) {
      this.show(answer.payload);
    }
  }

  private show(result: ExplainResult): void {
    if (result.shown !== this.shown) {
      // Events are masked; who asked for the words gets them on request alone.
      void this.load(result.job);
    } else if (result.job === this.explained) {
      this.result = result;
    } else if (result.job === this.compared) {
      this.comparison = result;
    }
    this.tell();
  }

  private jobChanged(): void {
    const { job } = this;
    if (job && (job.status === 'failed' || job.status === 'cancelled') && this.ended !== job.job) {
      this.ended = job.job;
      this.problem = job.error;
    }
    this.tell();
  }

  private keep(): void {
    const { text: _, ...choice } = this.choice;
    const jobs = { job: this.explained, comparison: this.compared };
    this.state.set({ choice, ...jobs });
    this.tell();
  }

  private compared: string | null;
  private ended: string | null = null;
  private example: Example<ExplainSetup, ExplainResult> | null = null;
  private explained: string | null;
  private stop: (() => void)[];
}

function nameOf(kept: unknown): string | null {
  return typeof kept === 'string' && kept.length <= 64 ? kept : null;
}
