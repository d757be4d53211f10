/** Opens panels, one for each view and kernel, or brings forward the one that is there. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, type WidgetTracker } from '@jupyterlab/apputils';
import { JSONExt, type ReadonlyPartialJSONValue, UUID } from '@lumino/coreutils';

import type { Trans } from '../trans';
import type { Kept, View } from '../view/view';
import { findView } from '../view/views';
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
      const shows = (name: string): boolean => same(kept[name], content.kept[name]);
      return content.view === view.name && same(content.place, where) && Object.keys(kept).every(shows);
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
      openView: (name, at, shown) => {
        const other = findView(name);
        return other && void this.open({ view: other, place: at, folder: '', kept: shown, key: UUID.uuid4() });
      },
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

/** Whether two pieces of plain data are alike; the keys of objects may be in another order. */
function same(one: unknown, other: unknown): boolean {
  return other !== undefined && JSONExt.deepEqual(one as ReadonlyPartialJSONValue, other as ReadonlyPartialJSONValue);
}
