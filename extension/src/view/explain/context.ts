import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { useChanges } from '../parts/context';
import type { Explain } from './explain';

export const ExplainContext = createContext<Explain | null>(null);

/** The state of the mounted view; the component draws again when it changes. */
export function useExplain(): Explain {
  const explain = useContext(ExplainContext)!;
  useChanges(explain);
  return explain;
}
