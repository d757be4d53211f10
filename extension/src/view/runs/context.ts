import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { useChanges } from '../parts/context';
import type { Runs } from './runs';

export const RunsContext = createContext<Runs | null>(null);

/** The model of the mounted view; the component draws again when it changes. */
export function useRuns(): Runs {
  const runs = useContext(RunsContext)!;
  useChanges(runs);
  return runs;
}
