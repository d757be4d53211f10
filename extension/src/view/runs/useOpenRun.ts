import type { RunEntry } from '../../protocol/messages';
import { useSurroundings } from '../parts/context';
import { findView } from '../views';

/** Opens a run in the panel of its kind, or says why it cannot be. */
export function useOpenRun(entry: RunEntry): { open(): void; refused: string | undefined } {
  const { open, trans } = useSurroundings();
  const { run, verb } = entry;
  const view = findView(entry.view);
  const refused =
    open === undefined
      ? trans.__('Open the panel of runs in JupyterLab for this.')
      : view === undefined
        ? trans.__('No panel shows runs of %1.', verb)
        : undefined;
  return { refused, open: () => view && open?.(view.name, { run }) };
}

/** Whether a run stopped on the way and can go on from a panel. */
export function canResume({ status, resumable }: RunEntry): boolean {
  return resumable && (status === 'interrupted' || status === 'failed');
}
