/** What every part of a mounted view may use. */
import { createContext } from 'preact';
import { useContext, useEffect, useLayoutEffect, useState } from 'preact/hooks';

import type { Trans } from '../../trans';
import type { Connection } from '../connection';
import type { Action, Kept, State } from '../view';

export interface Surroundings {
  connection: Connection;
  state: State;
  trans: Trans;
  /** Open another view, with what it shall show; missing where there is no room for one. */
  open: ((view: string, kept: Kept) => void) | undefined;
  /** Put code into a new cell of the notebook; missing where there is none. */
  insert: ((code: string) => void) | undefined;
  onAction(listener: (action: Action) => void): () => void;
  /** Say something to screen readers, once. */
  announce(text: string): void;
}

export const SurroundingsContext = createContext<Surroundings | null>(null);

export function useSurroundings(): Surroundings {
  const surroundings = useContext(SurroundingsContext);
  if (surroundings === null) {
    throw new Error('a part of a view outside of a mounted view');
  }
  return surroundings;
}

export function useTrans(): Trans {
  return useSurroundings().trans;
}

/** Panels are trees of their own on one page, and cells have a copy of this code each: `useId` would repeat itself. */
const COPY = Math.random().toString(36).slice(2, 10);
let ids = 0;

/** An id that no other element of the page has, the same at every drawing. */
export function useUniqueId(): string {
  return useState(() => `jp-Workbench-${COPY}-${++ids}`)[0];
}

/** Draw again whenever a model says that it changed. */
export function useChanges(model: { onChange(changed: () => void): () => void }): void {
  const [, redraw] = useState(0);
  // Before anything else can happen: a change must not fall between drawing and listening.
  useLayoutEffect(() => model.onChange(() => redraw(count => count + 1)), [model]);
}

/** Call a function when the keyboard asks for an action. */
export function useAction(action: Action, act: () => void): void {
  const { onAction } = useSurroundings();
  useEffect(() => onAction(asked => asked === action && act()));
}
