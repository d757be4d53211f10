/** The state of the kernel in words, a shape and a colour; the button chooses another kernel. */
import type { KernelState } from '../../protocol/transport';
import type { Trans } from '../../trans';
import { useChanges, useSurroundings } from './context';

function wordOf(state: KernelState, trans: Trans): string {
  const words: Record<KernelState, string> = {
    starting: trans.__('Starting'),
    ready: trans.__('Ready'),
    busy: trans.__('Busy with a cell'),
    restarted: trans.__('Restarted'),
    lost: trans.__('Connection lost'),
    dead: trans.__('No kernel'),
    missing: trans.__('Package missing'),
    closed: trans.__('Notebook closed'),
  };
  return words[state];
}

export function KernelChip() {
  const { connection, trans } = useSurroundings();
  useChanges(connection);
  const { transport } = connection;
  const word = wordOf(transport.state, trans);
  const shown = (
    <>
      <span class="jp-Workbench-dot" data-state={transport.state} aria-hidden="true" />
      <span>{word}</span>
    </>
  );
  if (!transport.repair) {
    return (
      <span class="jp-Workbench-chip" title={transport.detail}>
        {shown}
      </span>
    );
  }
  return (
    <button
      type="button"
      class="jp-Workbench-button jp-mod-quiet jp-Workbench-chip"
      title={trans.__('Kernel: %1. Choose another', transport.detail)}
      onClick={() => transport.repair?.()}
    >
      {shown}
    </button>
  );
}
