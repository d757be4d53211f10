/** What the states of views with jobs share: requests whose failures are shown, the job that is followed, changes. */
import { RequestError } from '../protocol/client';
import type { Job, Problem } from '../protocol/messages';
import { Listeners } from '../protocol/transport';
import type { Connection } from './connection';

export class JobModel {
  problem: Problem | null = null;

  constructor(readonly connection: Connection) {}

  onChange = (changed: () => void): (() => void) => this.changes.add(changed);

  /** The job that this view started last, or found running. */
  get job(): Job | undefined {
    return this.jobName === null ? undefined : this.connection.job(this.jobName);
  }

  get isRunning(): boolean {
    const status = this.job?.status;
    return status === 'queued' || status === 'running';
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

  tell(): void {
    this.changes.tell();
  }

  protected jobName: string | null = null;
  private changes = new Listeners<[]>();
}
