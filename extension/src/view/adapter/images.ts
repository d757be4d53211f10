/** Images of one training, asked for in batches as they are drawn and given up together. */
import type { Client } from '../../protocol/client';
import type { AdapterImage } from '../../protocol/messages';
import { Listeners } from '../../protocol/transport';
import type { LoadedImage } from '../images';

const BATCH = 100;

export class TrainingImages {
  constructor(
    private client: Client,
    readonly run: string,
  ) {}

  /** The image if it is there; otherwise it is asked for, and a change is told when it has come. */
  get({ file, text }: AdapterImage): LoadedImage | undefined {
    if (!this.asked.has(file)) {
      this.asked.add(file);
      this.wanted.push(file);
      this.timer ??= setTimeout(() => void this.fetch());
    }
    const url = this.urls.get(file);
    return url === undefined ? undefined : { url, text };
  }

  onChange = (changed: () => void): (() => void) => this.changes.add(changed);

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.urls.forEach(url => URL.revokeObjectURL(url));
    this.urls.clear();
  }

  private async fetch(): Promise<void> {
    this.timer = undefined;
    const files = this.wanted.splice(0, BATCH);
    try {
      const { payload, buffers } = await this.client.request('adapter.images', { run: this.run, files });
      payload.files.forEach((file, place) => this.keep(file, buffers[place]));
    } catch {
      // Drawn again with the next result, or with the next kernel.
      files.forEach(file => this.asked.delete(file));
    }
    if (!this.disposed) {
      if (this.wanted.length > 0) {
        this.timer ??= setTimeout(() => void this.fetch());
      }
      this.changes.tell();
    }
  }

  private keep(file: string, png: ArrayBuffer | undefined): void {
    if (png !== undefined && !this.disposed) {
      this.urls.set(file, URL.createObjectURL(new Blob([png], { type: 'image/png' })));
    }
  }

  private asked = new Set<string>();
  private changes = new Listeners<[]>();
  private disposed = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private urls = new Map<string, string>();
  private wanted: string[] = [];
}
