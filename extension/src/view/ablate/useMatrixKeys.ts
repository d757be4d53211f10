/** Keys of the matrix: one cell has the focus, arrows move it, Enter opens it in the inspector. */
import type { RefObject } from 'preact';

import type { AblateResult } from '../../protocol/messages';
import type { Ablate } from './ablate';

export function useMatrixKeys(
  ablate: Ablate,
  grid: RefObject<HTMLDivElement | null>,
  result: AblateResult,
): (event: KeyboardEvent) => void {
  const width = result.variants.length;
  const cells = (): HTMLElement[] => [...(grid.current?.querySelectorAll<HTMLElement>('[data-cell]') ?? [])];
  const focusIn = (selector: string): void =>
    grid.current?.closest('.jp-Workbench')?.querySelector<HTMLElement>(selector)?.focus();

  return event => {
    const all = cells();
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (at < 0 || event.metaKey || event.altKey) {
      return;
    }
    const [start, end] = [at - (at % width), at - (at % width) + width - 1];
    const goals: Record<string, number> = {
      ArrowLeft: Math.max(start, at - 1),
      ArrowRight: Math.min(end, at + 1),
      ArrowUp: at - width,
      ArrowDown: at + width,
      Home: event.ctrlKey ? 0 : start,
      End: event.ctrlKey ? all.length - 1 : end,
    };
    const goal = goals[event.key];
    if (goal !== undefined) {
      all[goal]?.focus();
      const row = result.rows[goal];
      if (row) {
        ablate.moveCursor(row);
      }
    } else if (event.key === 'Enter' && !event.ctrlKey) {
      focusIn('.jp-Workbench-inspector');
    } else if (event.key === 'Escape') {
      focusIn('.jp-Workbench-bar button');
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}
