import { createContext } from 'preact';
import { useContext } from 'preact/hooks';

import { useChanges } from '../parts/context';
import type { Edit } from './edit';

export const EditContext = createContext<Edit | null>(null);

/** The state of the mounted view; the component draws again when it changes. */
export function useEdit(): Edit {
  const edit = useContext(EditContext)!;
  useChanges(edit);
  return edit;
}
