/** Images of one run, asked for in batches as they are drawn and given up together. */
import type { Client } from '../protocol/client';
import type { ImageRef, ReadImage } from '../protocol/messages';
import { Listeners } from '../protocol/transport';

const BATCH = 100;

export interface LoadedImage {
  url: string;
  /** What the OCR engine read. */
  text: string;
}

/** Asks the kernel for images; `buffers[k]` is the PNG of `items[k]`. */
export type AskForImages = (items: ImageRef[]) => Promise<{ items: ReadImage[]; buffers: ArrayBuffer[] }>;

export class RunImages {
  constructor(
    client: Client,
    readonly run: string,
    private ask: AskForImages = async items => {
      const { payload, buffers } = await client.request('images.get', { run, items });
      return { items: payload.items, buffers };
    },
  ) {}

  /** The image if it is there; otherwise it is asked for, and a change is told when it has come. */
  get(ref: ImageRef): LoadedImage | undefined {
    const key = keyOf(ref);
    if (!this.loaded.has(key) && !this.asked.has(key)) {
      this.asked.add(key);
      this.wanted.set(key, ref);
      this.timer ??= setTimeout(() => void this.fetch());
    }
    return this.loaded.get(key);
  }

  /** There are new images: ask again for those that were not there. */
  refresh(): void {
    for (const key of this.asked) {
      if (!this.loaded.has(key) && !this.wanted.has(key) && !this.flying.has(key)) {
        this.asked.delete(key);
      }
    }
  }

  onChange = (changed: () => void): (() => void) => this.changes.add(changed);

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    this.loaded.forEach(image => URL.revokeObjectURL(image.url));
    this.loaded.clear();
  }

  private async fetch(): Promise<void> {
    this.timer = undefined;
    const batch = [...this.wanted].slice(0, BATCH);
    batch.forEach(([key]) => {
      this.wanted.delete(key);
      this.flying.add(key);
    });
    try {
      const { items, buffers } = await this.ask(batch.map(([, ref]) => ref));
      items.forEach((item, place) => this.keep(item, buffers[place]));
    } catch {
      // Views show what is missing as not there yet, and ask again with the next result.
    }
    batch.forEach(([key]) => this.flying.delete(key));
    if (!this.disposed) {
      if (this.wanted.size > 0) {
        this.timer ??= setTimeout(() => void this.fetch());
      }
      this.changes.tell();
    }
  }

  private keep(item: ReadImage, png: ArrayBuffer | undefined): void {
    if (png !== undefined && !this.disposed) {
      const url = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
      this.loaded.set(keyOf(item), { url, text: item.text });
    }
  }

  private asked = new Set<string>();
  private changes = new Listeners<[]>();
  private disposed = false;
  private flying = new Set<string>();
  private loaded = new Map<string, LoadedImage>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = new Map<string, ImageRef>();
}

function keyOf({ pair, seed, arm }: ImageRef): string {
  return `${pair}/${seed}/${arm}`;
}
