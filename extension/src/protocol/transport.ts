/** What carries envelopes between a view and the kernel: a comm in a panel, a widget model in a notebook cell. */
import type { Envelope } from './messages';

/**
 * The state of the kernel as a view shows it. `restarted` is a ready kernel that has lost what it held; `missing` one
 * without the package; `closed` a notebook that is not open.
 */
export type KernelState = 'starting' | 'ready' | 'busy' | 'restarted' | 'lost' | 'dead' | 'missing' | 'closed';

export type Receive = (message: unknown, buffers: ArrayBuffer[]) => void;

export interface Transport {
  readonly state: KernelState;
  /** One line about the kernel, such as its display name or why it is missing. */
  readonly detail: string;
  /** Whether messages can be sent now. */
  readonly connected: boolean;
  send(message: Envelope): void;
  /** Call with every message; the returned function ends it. */
  onMessage(receive: Receive): () => void;
  /** Call when `state`, `detail` or `connected` changed; the returned function ends it. */
  onChange(changed: () => void): () => void;
  /** Repair what keeps it from being connected, if there is anything a user can do: open the notebook, choose a kernel. */
  repair?(): void;
}

/** Listeners of one kind; `tell` calls them all, also those whose neighbour was removed meanwhile. */
export class Listeners<Arguments extends unknown[]> {
  add(listener: (...given: Arguments) => void): () => void {
    this.all.add(listener);
    return () => this.all.delete(listener);
  }

  tell(...given: Arguments): void {
    [...this.all].forEach(listener => listener(...given));
  }

  private all = new Set<(...given: Arguments) => void>();
}
