/** What a view is, and what a panel or a notebook cell gives it. */
import type { ComponentType } from 'preact';

import type { Transport } from '../protocol/transport';
import type { Trans } from '../trans';

/** Small plain data that outlives a reload: ids, a cursor, settings; nothing computed. */
export type Kept = { [key: string]: unknown };

export interface State {
  get(): Kept;
  set(kept: Kept): void;
}

/** What keyboard commands ask of the view that is open; a view ignores what it does not know. */
export const ACTIONS = [
  'run',
  'cancel',
  'copy',
  'table',
  'seed-back',
  'seed-on',
  'pair-back',
  'pair-on',
  'keys',
] as const;
export type Action = (typeof ACTIONS)[number];

export interface Mounting {
  el: HTMLElement;
  transport: Transport;
  /** Name of the view in `views.ts` and in the protocol. */
  view: string;
  state: State;
  trans: Trans;
  /** Open another view beside this one, with what it shall show; a notebook cell cannot. */
  open?(view: string, kept: Kept): void;
  /** Put code into a new cell below the active one, without running it; missing where there is no notebook. */
  insert?: ((code: string) => void) | undefined;
  /** Where commands of the keyboard arrive; a notebook cell has none. */
  onAction?(listener: (action: Action) => void): () => void;
}

export interface View {
  name: string;
  /** Of the tab and of the launcher card. */
  title(trans: Trans): string;
  caption(trans: Trans): string;
  /** A drawing of 16 x 16 without colours of its own. */
  icon: string;
  /** The code is fetched when the view is opened first. */
  load(): Promise<{ Panel: ComponentType }>;
}
