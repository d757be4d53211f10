/** Selection of sites by dragging. */
import { useEffect, useRef } from 'preact/hooks';

import type { Patching } from './patching';

export interface Brush {
  begin(site: number): void;
  pass(site: number): void;
}

/** Selection by dragging over the boxes: the first box says whether those that follow are taken or left. */
export function useBrush(patching: Patching): Brush {
  const taking = useRef<boolean | null>(null);
  useEffect(() => {
    const end = (): void => void (taking.current = null);
    window.addEventListener('pointerup', end);
    return () => window.removeEventListener('pointerup', end);
  }, []);
  return {
    begin: site => {
      taking.current = !patching.combining.selection.includes(site);
      patching.combining.set(site, taking.current);
    },
    pass: site => {
      if (taking.current !== null) {
        patching.combining.set(site, taking.current);
      }
    },
  };
}
