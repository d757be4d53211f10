import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { useChanges } from '../parts/context';
import type { Ablate } from './ablate';

export const AblateContext = createContext<Ablate | null>(null);

/** The state of the mounted view; the component draws again when it changes. */
export function useAblate(): Ablate {
  const ablate = useContext(AblateContext)!;
  useChanges(ablate);
  return ablate;
}
