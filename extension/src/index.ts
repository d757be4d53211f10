/** The JupyterLab extension: launcher cards, palette entries, and panels that survive a reload. */
import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, ISessionContextDialogs, WidgetTracker } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addKeyCommands } from './lab/keys';
import { OPEN_SCHEMA, readArguments } from './lab/arguments';
import { iconOf } from './lab/icons';
import { Opener, type PanelWidget } from './lab/opener';
import { Places } from './lab/places';
import { findView, VIEWS } from './view/views';

const OPEN = 'attention-workbench:open';
const NAMESPACE = 'attention-workbench';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'attention-workbench:plugin',
  description: 'Panels that find, change and explain what single layers of a model do',
  autoStart: true,
  optional: [ILauncher, ICommandPalette, ILayoutRestorer, INotebookTracker, ISessionContextDialogs, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null,
    dialogs: ISessionContextDialogs | null,
    translator: ITranslator | null,
  ): void => {
    const trans = (translator ?? nullTranslator).load('attention_workbench');
    const tracker = new WidgetTracker<PanelWidget>({ namespace: NAMESPACE });
    const places = new Places(app.serviceManager, notebooks, dialogs);
    const opener = new Opener(app, tracker, places, trans);

    app.commands.addCommand(OPEN, {
      label: args => findView(args['view'])?.title(trans) ?? trans.__('Open a panel of the attention workbench'),
      caption: args => findView(args['view'])?.caption(trans) ?? '',
      icon: args => {
        const view = findView(args['view']);
        return args['isPalette'] || !view ? undefined : iconOf(view);
      },
      describedBy: { args: OPEN_SCHEMA },
      execute: args => {
        const read = readArguments(args);
        return read && opener.open(read);
      },
    });
    addKeyCommands(app.commands, tracker, trans);

    const category = trans.__('Attention workbench');
    VIEWS.forEach((view, rank) => {
      launcher?.add({ command: OPEN, args: { view: view.name }, category, rank });
      palette?.addItem({ command: OPEN, args: { view: view.name, isPalette: true }, category, rank });
    });
    if (restorer) {
      void restorer.restore(tracker, {
        command: OPEN,
        args: ({ content }) => ({
          view: content.view,
          key: content.key,
          ...content.place,
          kept: content.kept as never,
        }),
        name: ({ content }) => content.key,
      });
    }
  },
};

export default plugin;
