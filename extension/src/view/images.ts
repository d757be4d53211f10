/** Images of one run, asked for in batches as they are drawn and given up together: small ones first, whole on demand. */
import type { Client } from '../protocol/client';
import type { ImageRef } from '../protocol/messages';
import { Listeners } from '../protocol/transport';

/** Thumbnails of large images take the kernel a moment each; other requests get their turn between batches. */
const BATCH = 24;
/** How wide lists draw an image, in pixels of the page. */
const DRAWN = 96;

export interface LoadedImage {
  url: string;
  /** What the OCR engine read. */
  text: string;
}

/** `small` is as wide as lists and rows draw it, `whole` as it was generated. */
export type Size = 'small' | 'whole';

/** What came for a reference: what was read in the image, and its PNG. */
export type Answered<Ref> = { ref: Ref; text: string; png: ArrayBuffer | undefined }[];

export interface Source<Ref> {
  run: string;
  keyOf(ref: Ref): string;
  /** Ask the kernel, for images that are no wider if a width is given; those that are not there are left out. */
  ask(refs: Ref[], limit: { width?: number }): Promise<Answered<Ref>>;
}

export class Images<Ref> {
  constructor(private source: Source<Ref>) {}

  get run(): string {
    return this.source.run;
  }

  /**
   * The image if it is there; otherwise it is asked for, and a change is told when it has come. The small one stands
   * for a whole one that has not come yet.
   */
  get(ref: Ref, size: Size = 'small'): LoadedImage | undefined {
    const key = this.keyOf(ref, size);
    if (!this.loaded.has(key) && !this.asked.has(key)) {
      this.asked.add(key);
      this.wanted[size].set(key, ref);
      this.timer ??= setTimeout(() => void this.fetch());
    }
    return this.loaded.get(key) ?? this.loaded.get(this.keyOf(ref, 'small'));
  }

  /** There are new images: ask again for those that were not there. */
  refresh(): void {
    const { small, whole } = this.wanted;
    for (const key of this.asked) {
      if (!this.loaded.has(key) && !small.has(key) && !whole.has(key) && !this.flying.has(key)) {
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
    const size = this.wanted.small.size > 0 ? 'small' : 'whole';
    const batch = [...this.wanted[size]].slice(0, BATCH);
    batch.forEach(([key]) => {
      this.wanted[size].delete(key);
      this.flying.add(key);
    });
    try {
      const limit = size === 'small' ? { width: smallWidth() } : {};
      const answered = await this.source.ask(
        batch.map(([, ref]) => ref),
        limit,
      );
      answered.forEach(({ ref, text, png }) => this.keep(this.keyOf(ref, size), text, png));
    } catch {
      // Views show what is missing as not there yet, and ask again with the next result.
    }
    batch.forEach(([key]) => this.flying.delete(key));
    if (!this.disposed) {
      if (this.wanted.small.size + this.wanted.whole.size > 0) {
        this.timer ??= setTimeout(() => void this.fetch());
      }
      this.changes.tell();
    }
  }

  private keep(key: string, text: string, png: ArrayBuffer | undefined): void {
    if (png !== undefined && !this.disposed) {
      const url = URL.createObjectURL(new Blob([png], { type: 'image/png' }));
      this.loaded.set(key, { url, text });
    }
  }

  private keyOf(ref: Ref, size: Size): string {
    return `${size} ${this.source.keyOf(ref)}`;
  }

  private asked = new Set<string>();
  private changes = new Listeners<[]>();
  private disposed = false;
  private flying = new Set<string>();
  private loaded = new Map<string, LoadedImage>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted = { small: new Map<string, Ref>(), whole: new Map<string, Ref>() };
}

/** Images of a localisation. */
export function imagesOfRun(client: Client, run: string): Images<ImageRef> {
  return new Images({
    run,
    keyOf: ({ pair, seed, arm }) => `${pair}/${seed}/${arm}`,
    ask: async (items, limit) => {
      const { payload, buffers } = await client.request('images.get', { run, items, ...limit });
      return payload.items.map((ref, place) => ({ ref, text: ref.text, png: buffers[place] }));
    },
  });
}

/** Pixels of the screen that a small image covers; on a page that is made smaller, embedded models stay whole. */
function smallWidth(): number {
  return Math.ceil(DRAWN * Math.max(1, window.devicePixelRatio));
}
