/** Keys of the table of runs: one row has the focus, arrows move it, Space chooses, Enter opens. */
import type { RefObject } from 'preact';

import type { RunEntry } from '../../protocol/messages';
import { useSurroundings } from '../parts/context';
import { findView } from '../views';
import type { Runs } from './runs';
import { canResume } from './useOpenRun';

/** Give the inspector the focus; on a narrow panel it stands below and comes into view. */
export function lookAtInspector(within: Element | null): void {
  const inspector = within?.closest('.jp-Workbench')?.querySelector<HTMLElement>('.jp-Workbench-inspector');
  inspector?.focus({ preventScroll: true });
  inspector?.firstElementChild?.scrollIntoView({ block: 'nearest' });
}

export function useRunKeys(
  runs: Runs,
  grid: RefObject<HTMLDivElement | null>,
  shown: readonly RunEntry[],
): (event: KeyboardEvent) => void {
  const { open } = useSurroundings();
  const go = (place: number): void => {
    const entry = shown[Math.max(0, Math.min(shown.length - 1, place))];
    if (entry) {
      grid.current?.querySelector<HTMLElement>(`[data-run="${entry.run}"]`)?.focus();
      runs.moveCursor(entry.run);
    }
  };
  return event => {
    const at = shown.findIndex(({ run }) => (document.activeElement as HTMLElement).dataset['run'] === run);
    const entry = shown[at];
    if (entry === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const goals: Record<string, number> = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: shown.length - 1 };
    const acts: Record<string, () => void> = {
      ' ': () => runs.toggle(entry.run),
      Enter: () => findView(entry.view) && open?.(entry.view!, { run: entry.run }),
      r: () => canResume(entry) && void runs.resume(entry.run),
      w: () => entry.status === 'failed' && lookAtInspector(grid.current),
      Delete: () => void runs.askToDelete(entry.run),
      Escape: () =>
        grid.current?.closest('.jp-Workbench')?.querySelector<HTMLElement>('.jp-Workbench-bar button')?.focus(),
    };
    const goal = goals[event.key];
    const act = acts[event.key];
    if (goal !== undefined) {
      go(goal);
    } else if (act !== undefined) {
      act();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}
