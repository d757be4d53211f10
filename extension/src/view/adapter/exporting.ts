/** The export of a trained adapter: its format and name, what lies in the folder already, and the proof as it goes. */
import type { AdapterExport, AdapterFile, AdapterFormat } from '../../protocol/messages';
import type { Connection } from '../connection';
import { JobModel } from '../jobModel';

const VIEW = 'adapter.export';
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;
const SUFFIX = '.safetensors';

export class Exporting extends JobModel {
  format: AdapterFormat = 'diffusers';
  /** Without the ending, which follows from the format. */
  name = 'adapter';
  /** The only folder that exports go to, and what is there; null until the kernel has answered. */
  folder: string | null = null;
  files: AdapterFile[] = [];
  /** The proof that goes on or has ended last. */
  proof: AdapterExport | null = null;

  constructor(connection: Connection) {
    super(connection);
    this.stop = [
      connection.onHello(() => void this.load()),
      connection.onChange(() => this.jobChanged()),
      connection.client.on('job.partial', ({ view, job, data }) => {
        if (view === VIEW && job === this.jobName) {
          this.proof = data as AdapterExport;
          this.tell();
        }
      }),
    ];
  }

  /** The file's or the folder's name. */
  get target(): string {
    return this.format === 'peft' ? this.name : `${this.name}${SUFFIX}`;
  }

  get fits(): boolean {
    return NAME.test(this.name);
  }

  get taken(): boolean {
    return this.files.some(file => file.name === this.target);
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
  }

  change(change: { format?: AdapterFormat; name?: string }): void {
    Object.assign(this, change);
    this.name = this.name.endsWith(SUFFIX) ? this.name.slice(0, -SUFFIX.length) : this.name;
    this.problem = null;
    this.tell();
  }

  /** The nearest name that can be used: without what leads out of the folder or is not allowed. */
  repairName(): void {
    const last = this.name.split(/[\\/]/).at(-1) ?? '';
    const plain = last.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
    this.change({ name: plain.slice(0, 80) || 'adapter' });
  }

  /** A name of which there is no file yet, made of this one. */
  keepBoth(): void {
    const stem = this.name.replace(/-\d+$/, '');
    for (let number = 2; this.taken; number++) {
      this.name = `${stem}-${number}`;
    }
    this.change({});
  }

  async start(run: string, replace: boolean): Promise<void> {
    if (!this.fits || this.isRunning) {
      return;
    }
    this.problem = null;
    this.proof = null;
    const request = { run, name: this.name, format: this.format, ...(replace ? { replace } : {}) };
    const answer = await this.ask(() => this.connection.client.request('adapter.export', request));
    if (answer) {
      this.jobName = answer.payload.job;
      this.ended = null;
    } else {
      // Somebody else may have written a file of that name.
      void this.load();
    }
    this.jobChanged();
  }

  private async load(): Promise<void> {
    const answer = await this.ask(() => this.connection.client.request('adapter.files', {}));
    if (answer) {
      ({ folder: this.folder, files: this.files } = answer.payload);
      this.tell();
    }
  }

  private jobChanged(): void {
    const { job } = this;
    if (job && !this.isRunning && this.ended !== job.job) {
      this.ended = job.job;
      this.problem = job.error;
      void this.load();
    }
    this.tell();
  }

  private ended: string | null = null;
  private stop: (() => void)[];
}
