/** Keys of the table: one row has the focus, arrows move it, Space selects, Shift brushes. */
import type { RefObject } from 'preact';

import type { SiteGroup } from './localization';
import type { Patching, Row } from './patching';

export function useGridKeys(
  patching: Patching,
  grid: RefObject<HTMLDivElement | null>,
  groups: readonly SiteGroup[],
  closed: ReadonlySet<string>,
  toggle: (group: string) => void,
): (event: KeyboardEvent) => void {
  const rows = (): HTMLElement[] => [...(grid.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])];
  const go = (row: HTMLElement | undefined): void => {
    if (row) {
      row.focus();
      patching.moveCursor(rowOf(row));
    }
  };
  const brush = (from: Row, to: Row): void => {
    [from, to].forEach(row => typeof row === 'number' && patching.combining.set(row, true));
  };

  return event => {
    const all = rows();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const current = all[at];
    if (current === undefined || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const row = rowOf(current);
    const group = groupOf(current);
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step !== undefined) {
      const ahead = step > 0 ? all.slice(at + 1) : all.slice(0, at).reverse();
      const next = event.shiftKey ? ahead.find(each => typeof rowOf(each) === 'number') : ahead[0];
      if (event.shiftKey && next) {
        brush(row, rowOf(next));
      }
      go(next);
    } else if (event.key === 'Home' || event.key === 'End') {
      go(event.key === 'Home' ? all[0] : all.at(-1));
    } else if (event.key === ' ' && typeof row === 'number') {
      patching.combining.set(row, !patching.combining.selection.includes(row));
    } else if (
      group !== null &&
      (event.key === 'ArrowLeft' ? !closed.has(group) : closed.has(group) && event.key === 'ArrowRight')
    ) {
      toggle(group);
    } else if (group !== null && (event.key === 'Enter' || event.key === ' ')) {
      toggle(group);
    } else if (event.key === 'ArrowLeft' && typeof row === 'number') {
      const parent = groups.find(each => each.sites.some(({ site }) => site.index === row));
      go(all.find(each => groupOf(each) === parent?.name));
    } else if (event.key === 'Enter') {
      grid.current?.closest('.jp-Workbench')?.querySelector<HTMLElement>('.jp-Workbench-inspector')?.focus();
    } else if (event.key === 'Escape') {
      grid.current?.closest('.jp-Workbench')?.querySelector<HTMLElement>('.jp-Workbench-bar button')?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
}

/** The row that an element stands for. */
function rowOf(element: HTMLElement): Row {
  const name = element.dataset['row']!;
  return /^\d+$/.test(name) ? Number(name) : (name as Row);
}

function groupOf(element: HTMLElement): string | null {
  const name = element.dataset['row']!;
  return name.startsWith('group:') ? name.slice('group:'.length) : null;
}
