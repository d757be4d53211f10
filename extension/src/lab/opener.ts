/** Opens panels, one for each view and kernel, or brings forward the one that is there. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, type WidgetTracker } from '@jupyterlab/apputils';

import type { Trans } from '../trans';
import type { Kept, View } from '../view/view';
import type { OpenArguments } from './arguments';
import { iconOf } from './icons';
import type { WorkbenchPanel } from './panel';
import type { Place, Places } from './places';

export type PanelWidget = MainAreaWidget<WorkbenchPanel>;

export class Opener {
  constructor(
    private app: JupyterFrontEnd,
    private tracker: WidgetTracker<PanelWidget>,
    private places: Places,
    private trans: Trans,
  ) {}

  /** Open a panel for a view: at its place, beside the notebook that has the focus, or with a kernel of its own. */
  async open({ view, place, folder, kept, key }: OpenArguments): Promise<PanelWidget> {
    const { shell } = this.app;
    const where = place ?? this.places.active(shell.currentWidget) ?? { folder };
    const open = this.tracker.find(({ content }) => {
      const shows = kept['run'] === undefined || kept['run'] === content.kept['run'];
      return content.view === view.name && same(content.place, where) && shows;
    });
    const widget = open ?? (await this.make(view, where, kept, key));
    if (!widget.isAttached) {
      const beside = 'notebook' in where ? this.places.notebook(where.notebook)?.id : undefined;
      shell.add(widget, 'main', beside && place === null ? { mode: 'split-right', ref: beside } : {});
    }
    shell.activateById(widget.id);
    return widget;
  }

  private async make(view: View, place: Place, kept: Kept, key: string): Promise<PanelWidget> {
    // Fetched when the first panel is opened: loading the lab stays as fast as without the extension.
    const { WorkbenchPanel } = await import('./panel');
    const content = new WorkbenchPanel({
      view: view.name,
      place,
      kept,
      key,
      places: this.places,
      trans: this.trans,
      openNotebook: path => void this.app.commands.execute('docmanager:open', { path }),
    });
    const widget = new MainAreaWidget({ content });
    widget.id = `attention-workbench-${key}`;
    widget.title.label = view.title(this.trans);
    widget.title.caption = view.caption(this.trans);
    widget.title.icon = iconOf(view);
    widget.title.closable = true;
    widget.toolbar.hide();
    await this.tracker.add(widget);
    content.keptChanged.connect(() => void this.tracker.save(widget));
    return widget;
  }
}

function same(one: Place, other: Place): boolean {
  return 'notebook' in one
    ? 'notebook' in other && one.notebook === other.notebook
    : 'folder' in other && one.folder === other.folder;
}
