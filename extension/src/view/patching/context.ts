import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { useChanges } from '../parts/context';
import type { Patching } from './patching';

export const PatchingContext = createContext<Patching | null>(null);

/** The model of the mounted view; the component draws again when it changes. */
export function usePatching(): Patching {
  const patching = useContext(PatchingContext)!;
  useChanges(patching);
  return patching;
}
