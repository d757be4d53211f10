/** A view in the main area of JupyterLab, attached to a kernel. */
import { InputDialog } from '@jupyterlab/apputils';
import type { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Listeners, type Receive, type Transport } from '../protocol/transport';
import type { Trans } from '../trans';
import { mount } from '../view/mount';
import type { Action, Kept } from '../view/view';
import { CommTransport } from './commTransport';
import type { Place, Places } from './places';

export interface PanelOptions {
  view: string;
  place: Place;
  kept: Kept;
  /** By which a layout knows the panel again. */
  key: string;
  places: Places;
  trans: Trans;
  openNotebook(path: string): void;
  /** Open another view at the same place. */
  openView(view: string, place: Place, kept: Kept): void;
}

export class WorkbenchPanel extends Widget {
  /** Emitted when something changed that a reload should bring back. */
  readonly keptChanged = new Signal<this, void>(this);

  constructor(private options: PanelOptions) {
    super();
    this.addClass('jp-WorkbenchPanel');
    // Clicks beside any control give the panel the focus, so that its keys work.
    this.node.tabIndex = -1;
  }

  get view(): string {
    return this.options.view;
  }

  get place(): Place {
    return this.options.place;
  }

  get key(): string {
    return this.options.key;
  }

  get kept(): Kept {
    return this.options.kept;
  }

  act(action: Action): void {
    this.actions.tell(action);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.leave();
      Signal.clearData(this);
      super.dispose();
    }
  }

  protected override onAfterAttach(_: Message): void {
    if (this.leaving.length === 0) {
      this.enter();
    }
  }

  protected override onActivateRequest(_: Message): void {
    this.node.focus();
  }

  /** Attach to the kernel of the place and draw the view. */
  private enter(): void {
    const { places, place } = this.options;
    const attached = places.attach(place);
    const choose = (): void => void this.choosePlace();
    let transport: Transport;
    if (attached.context === null && 'notebook' in place) {
      this.leaving.push(places.onOpened(place.notebook, () => this.attachAgain()));
      transport = new ClosedNotebook(place.notebook, () => this.options.openNotebook(place.notebook));
    } else {
      const comm = new CommTransport(attached.context!, choose);
      const closed = (): void => this.attachAgain();
      attached.context!.disposed.connect(closed);
      this.leaving.push(
        () => attached.context!.disposed.disconnect(closed),
        () => comm.dispose(),
      );
      transport = comm;
    }
    const state = { get: () => this.options.kept, set: (kept: Kept) => this.keep(kept) };
    const { view, trans } = this.options;
    const open = (other: string, kept: Kept): void => this.options.openView(other, this.place, kept);
    const insert = 'notebook' in place ? (code: string): void => places.insert(place.notebook, code) : undefined;
    const unmount = mount({ el: this.node, transport, view, state, trans, open, insert, onAction: this.onAction });
    this.leaving.push(() => attached.release());
    // The view goes first: it may still talk.
    this.leaving.unshift(unmount);
  }

  private leave(): void {
    this.leaving.forEach(leave => leave());
    this.leaving = [];
  }

  private attachAgain(): void {
    if (!this.isDisposed) {
      this.leave();
      this.enter();
    }
  }

  private keep(kept: Kept): void {
    this.options.kept = kept;
    this.keptChanged.emit();
  }

  /** Let the user choose a kernel: that of an open notebook, or the own one; without one there, which kind. */
  private async choosePlace(): Promise<void> {
    const { places, trans, place } = this.options;
    const folder = 'folder' in place ? place.folder : place.notebook.split('/').slice(0, -1).join('/');
    const all = places.all(folder);
    const labels = all.map(one =>
      'notebook' in one ? trans.__('Notebook %1', one.notebook) : trans.__('Own kernel in folder %1', `/${one.folder}`),
    );
    const current = all.findIndex(one => JSON.stringify(one) === JSON.stringify(place));
    const answer = await InputDialog.getItem({
      title: trans.__('Kernel of this panel'),
      items: labels,
      current: Math.max(0, current),
    });
    const chosen = answer.button.accept ? all[labels.indexOf(answer.value ?? '')] : undefined;
    if (chosen === undefined || this.isDisposed) {
      return;
    }
    this.options.place = chosen;
    this.keptChanged.emit();
    this.attachAgain();
    if (all.indexOf(chosen) === current) {
      await this.chooseKernel(chosen);
    }
  }

  private async chooseKernel(place: Place): Promise<void> {
    const attached = this.options.places.attach(place);
    if (attached.context) {
      await this.options.places.dialogs?.selectKernel(attached.context);
    }
    attached.release();
  }

  private onAction = (listener: (action: Action) => void): (() => void) => this.actions.add(listener);
  private actions = new Listeners<[Action]>();
  private leaving: (() => void)[] = [];
}

/** Stands in while the notebook whose kernel the panel uses is not open. */
class ClosedNotebook implements Transport {
  readonly state = 'closed';
  readonly connected = false;

  constructor(
    readonly detail: string,
    readonly repair: () => void,
  ) {}

  send(): void {
    // Nothing listens.
  }

  onMessage(_: Receive): () => void {
    return () => undefined;
  }

  onChange(_: () => void): () => void {
    return () => undefined;
  }
}
