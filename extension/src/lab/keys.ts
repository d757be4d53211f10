/** Commands behind the keys of `schema/plugin.json`; they reach the panel that has the focus. */
import type { WidgetTracker } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';

import type { Trans } from '../trans';
import { type Action, ACTIONS } from '../view/view';
import type { PanelWidget } from './opener';

export function addKeyCommands(commands: CommandRegistry, tracker: WidgetTracker<PanelWidget>, trans: Trans): void {
  const labels: Record<Action, string> = {
    run: trans.__('Run'),
    cancel: trans.__('Cancel the run'),
    copy: trans.__('Copy as Python'),
    table: trans.__('Charts as tables, and back'),
    'seed-back': trans.__('Previous seed'),
    'seed-on': trans.__('Next seed'),
    'pair-back': trans.__('Previous pair'),
    'pair-on': trans.__('Next pair'),
    keys: trans.__('Show the keys'),
  };
  for (const action of ACTIONS) {
    commands.addCommand(`attention-workbench:${action}`, {
      label: labels[action],
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => {
        // A command link in a notebook must not start anything: the focus is there then, not in the panel.
        const panel = tracker.currentWidget?.content;
        if (panel?.node.contains(document.activeElement)) {
          panel.act(action);
        }
      },
    });
  }
}
