/** The kernel as a view sees it: who it is, its jobs and its state, asked anew after every loss. */
import { Client, type RequestError } from '../protocol/client';
import type { GuardState, Hello, Job, ModelRef, Problem } from '../protocol/messages';
import { VERSION } from '../protocol/schema';
import { Listeners, type Transport } from '../protocol/transport';
import type { Trans } from '../trans';

export class Connection {
  readonly client: Client;

  constructor(
    readonly transport: Transport,
    trans: Trans,
  ) {
    this.client = new Client(transport, trans);
    this.stop = [
      transport.onChange(() => this.transportChanged()),
      this.client.on('job', job => this.keep(job)),
      this.client.on('guard', ({ guards }) => this.keepGuards(guards)),
    ];
    this.transportChanged();
  }

  /** Null until the kernel has answered. */
  get hello(): Hello | null {
    return this.greeting;
  }

  get problem(): Problem | null {
    return this.failure;
  }

  job(name: string): Job | undefined {
    return this.jobs.get(name);
  }

  /** All jobs of the kernel, oldest first. */
  allJobs(): Job[] {
    return [...this.jobs.values()];
  }

  /** The newest job of a view for which a test holds. */
  findJob(view: string, test: (job: Job) => boolean): Job | undefined {
    return this.allJobs()
      .reverse()
      .find(job => job.view === view && test(job));
  }

  /** The guard that is on for a model in this kernel, from whatever panel. */
  guardOf(model: ModelRef | null): GuardState | undefined {
    return this.guards.find(guard => guard.model.source === model?.source && guard.model.name === model.name);
  }

  /** Call after every change of the kernel's state, of a job and of a guard; the returned function ends it. */
  onChange = (changed: () => void): (() => void) => this.changes.add(changed);

  /** Call now if the kernel has answered, and whenever it does so again: what was known may be old. */
  onHello(greeted: () => void): () => void {
    if (this.greeting !== null) {
      greeted();
    }
    return this.greeted.add(greeted);
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
    this.client.dispose();
  }

  private transportChanged(): void {
    if (this.transport.connected && !this.wasConnected) {
      void this.sayHello();
    }
    this.wasConnected = this.transport.connected;
    this.changes.tell();
  }

  private async sayHello(): Promise<void> {
    try {
      const { payload } = await this.client.request('hello', { version: VERSION });
      this.greeting = payload;
      this.failure = null;
      this.guards = payload.guards ?? [];
      this.jobs = new Map(payload.jobs.map(job => [job.job, job]));
      this.changes.tell();
      this.greeted.tell();
    } catch (error) {
      this.failure = (error as RequestError).problem;
      this.changes.tell();
    }
  }

  private keep(job: Job): void {
    this.jobs.set(job.job, job);
    this.changes.tell();
  }

  private keepGuards(guards: GuardState[]): void {
    this.guards = guards;
    this.changes.tell();
  }

  private changes = new Listeners<[]>();
  private failure: Problem | null = null;
  private greeted = new Listeners<[]>();
  private greeting: Hello | null = null;
  private guards: GuardState[] = [];
  private jobs = new Map<string, Job>();
  private stop: (() => void)[];
  private wasConnected = false;
}
