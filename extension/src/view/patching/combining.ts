/** The sites that a user has brushed, and the combined patch of exactly these, computed on demand. */
import type { Job } from '../../protocol/messages';
import { keyOf, scoreOf } from './localization';
import type { Patching } from './patching';

/** A selection from data that was kept; what does not fit is none. */
export function readSelection(kept: unknown): number[] {
  return Array.isArray(kept) ? kept.filter(site => Number.isInteger(site) && site >= 0).slice(0, 200) : [];
}

/** A brush is over when nothing was added for so long. */
const RELEASE_MILLISECONDS = 600;

export class Combining {
  constructor(
    private patching: Patching,
    public selection: number[],
  ) {}

  /** The job that patches the selection together, as long as it is needed. */
  get job(): Job | undefined {
    return this.jobName === null ? undefined : this.patching.connection.job(this.jobName);
  }

  set(site: number, selected: boolean): void {
    const others = this.selection.filter(other => other !== site);
    this.selection = selected ? [...others, site].sort((one, other) => one - other) : others;
    this.patching.keep();
    clearTimeout(this.releasing);
    this.releasing = setTimeout(() => void this.combine(), RELEASE_MILLISECONDS);
  }

  clear(): void {
    this.selection = [];
  }

  /** A finished run may be restored with a selection whose images are not there. */
  resultChanged(): void {
    const { result } = this.patching;
    const sites = result?.site_map.sites.length ?? 0;
    this.selection = this.selection.filter(site => site < sites);
  }

  dispose(): void {
    clearTimeout(this.releasing);
  }

  private async combine(): Promise<void> {
    const { patching, selection } = this;
    const { result } = patching;
    if (
      result === null ||
      patching.recorded.isShown ||
      result.status === 'running' ||
      selection.length < 2 ||
      scoreOf(result, selection)
    ) {
      return;
    }
    const job = this.job;
    if (job && (job.status === 'queued' || job.status === 'running')) {
      await patching.ask(() => patching.connection.client.request('jobs.cancel', { job: job.job }));
    }
    if (keyOf(selection) !== keyOf(this.selection)) {
      return;
    }
    const request = { run: result.run, sites: selection };
    const answer = await patching.ask(() => patching.connection.client.request('patching.combine', request));
    if (answer) {
      this.jobName = answer.payload.job;
      patching.tell();
    }
  }

  private jobName: string | null = null;
  private releasing: ReturnType<typeof setTimeout> | undefined;
}
