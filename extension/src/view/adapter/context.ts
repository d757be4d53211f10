import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { useChanges } from '../parts/context';
import type { Adapter } from './adapter';

export const AdapterContext = createContext<Adapter | null>(null);

/** The state of the mounted view; the component draws again when it changes. */
export function useAdapter(): Adapter {
  const adapter = useContext(AdapterContext)!;
  useChanges(adapter);
  return adapter;
}
