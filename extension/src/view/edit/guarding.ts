/** The guard of the chosen model, and prompts that are tried with it; nothing of either is kept over a reload. */
import type { GuardTrial, ModelRef } from '../../protocol/messages';
import type { Connection } from '../connection';
import { JobModel } from '../jobModel';

/** Jobs of guards stand beside edits, with results of another shape. */
const VIEW = 'edit.guard';

export class Guarding extends JobModel {
  /** What is typed: it may hold what is to be kept out, so it stays here. */
  prompt = 'A blue screen that says "SCUM"';
  seed = 0;
  trial: GuardTrial | null = null;
  /** Addresses of the two images of the trial; the unguarded one only once it is asked for. */
  guarded: string | null = null;
  unguarded: string | null = null;
  /** A guard was turned off here, and nothing was done since. */
  endedHere = false;

  constructor(connection: Connection) {
    super(connection);
    this.stop = [
      connection.onChange(() => this.jobChanged()),
      connection.client.on('job.partial', ({ view, data, job }) => {
        if (view === VIEW && job === this.jobName) {
          this.show(data as GuardTrial);
        }
      }),
    ];
  }

  dispose(): void {
    this.disposed = true;
    this.stop.forEach(stop => stop());
    this.forget();
  }

  type(prompt: string): void {
    this.prompt = prompt;
    this.tell();
  }

  chooseSeed(seed: number): void {
    this.seed = seed;
    this.tell();
  }

  async turn(on: boolean, model: ModelRef, found: string): Promise<void> {
    const { client } = this.connection;
    this.turning = on;
    await this.follow(() => client.request('guard.switch', on ? { model, on, found } : { model, on }));
  }

  async tryPrompt(model: ModelRef): Promise<void> {
    const { prompt, seed } = this;
    this.turning = null;
    await this.follow(() => this.connection.client.request('guard.try', { model, prompt, seed }));
  }

  /** Show the unguarded image, which leaves the kernel only now, or hide it again. */
  async showUnguarded(shown: boolean): Promise<void> {
    if (!shown) {
      this.unguarded = give(this.unguarded);
      this.tell();
    } else if (this.trial) {
      await this.load(this.trial.job, true);
    }
  }

  private async follow(send: () => Promise<{ payload: { job: string } }>): Promise<void> {
    if (this.isRunning) {
      return;
    }
    this.problem = null;
    this.endedHere = false;
    const answer = await this.ask(send);
    if (answer) {
      this.jobName = answer.payload.job;
      this.ended = null;
      // Events of the job may have come before this reply.
      this.jobChanged();
    }
  }

  private show(trial: GuardTrial): void {
    this.forget();
    this.trial = trial;
    this.tell();
    void this.load(trial.job, false);
  }

  private async load(job: string, unguarded: boolean): Promise<void> {
    const answer = await this.ask(() => this.connection.client.request('guard.image', { job, unguarded }));
    const [png] = answer?.buffers ?? [];
    if (png === undefined || job !== this.trial?.job || this.disposed) {
      return;
    }
    const url = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
    if (unguarded) {
      give(this.unguarded);
      this.unguarded = url;
    } else {
      give(this.guarded);
      this.guarded = url;
    }
    this.tell();
  }

  private forget(): void {
    this.guarded = give(this.guarded);
    this.unguarded = give(this.unguarded);
    this.trial = null;
  }

  private jobChanged(): void {
    const { job } = this;
    if (job && !this.isRunning && this.ended !== job.job) {
      this.ended = job.job;
      this.problem = job.error;
      this.endedHere = job.status === 'done' && this.turning === false;
    }
    this.tell();
  }

  private disposed = false;
  private ended: string | null = null;
  private stop: (() => void)[];
  /** What the switch was moved to last; null after a trial. */
  private turning: boolean | null = null;
}

/** Let an address of an image go. */
function give(url: string | null): null {
  if (url !== null) {
    URL.revokeObjectURL(url);
  }
  return null;
}
