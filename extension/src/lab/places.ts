/** Where a panel's kernel is: a notebook's, or one of its own that all panels of a folder share. */
import { type ISessionContext, type ISessionContextDialogs, SessionContext } from '@jupyterlab/apputils';
import { type INotebookTracker, NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { ServiceManager } from '@jupyterlab/services';

/** Plain data, so that a panel can be restored from it. */
export type Place = { notebook: string } | { folder: string };

export interface Attached {
  /** Null while the notebook is not open. */
  context: ISessionContext | null;
  release(): void;
}

export class Places {
  constructor(
    private services: ServiceManager.IManager,
    private notebooks: INotebookTracker | null,
    readonly dialogs: ISessionContextDialogs | null,
  ) {}

  /** Take part in the session of a place; a folder's own session is started for its first panel. */
  attach(place: Place): Attached {
    if ('notebook' in place) {
      return { context: this.notebook(place.notebook)?.sessionContext ?? null, release: () => undefined };
    }
    const shared = this.own.get(place.folder) ?? { context: this.start(place.folder), users: 0 };
    this.own.set(place.folder, shared);
    shared.users += 1;
    return {
      context: shared.context,
      release: () => {
        shared.users -= 1;
        if (shared.users === 0) {
          // The kernel goes on, as that of a closed notebook does: a run may not be finished.
          this.own.delete(place.folder);
          shared.context.dispose();
        }
      },
    };
  }

  /** Places that a user can choose from: all open notebooks, then the own kernel of a folder. */
  all(folder: string): Place[] {
    const open: Place[] = [];
    this.notebooks?.forEach(panel => open.push({ notebook: panel.context.path }));
    return [...open, { folder }];
  }

  /** Call when a notebook of that path is opened; the returned function ends it. */
  onOpened(path: string, opened: () => void): () => void {
    const added = (_: unknown, panel: NotebookPanel): void => {
      if (panel.context.path === path) {
        opened();
      }
    };
    this.notebooks?.widgetAdded.connect(added);
    return () => this.notebooks?.widgetAdded.disconnect(added);
  }

  /** The notebook that has the focus, if any has it. */
  active(current: unknown): Place | null {
    const panel = this.notebooks?.currentWidget;
    return panel && panel === current ? { notebook: panel.context.path } : null;
  }

  notebook(path: string): NotebookPanel | undefined {
    return this.notebooks?.find(panel => panel.context.path === path && !panel.sessionContext.isDisposed);
  }

  /** Put code into a new cell below the active one of an open notebook; it is not run. */
  insert(path: string, code: string): void {
    const panel = this.notebook(path);
    if (panel) {
      NotebookActions.insertBelow(panel.content);
      panel.content.activeCell?.model.sharedModel.setSource(code);
    }
  }

  private start(folder: string): ISessionContext {
    const context = new SessionContext({
      kernelManager: this.services.kernels,
      sessionManager: this.services.sessions,
      specsManager: this.services.kernelspecs,
      // One session for a folder: a page that is loaded again finds it by this path.
      path: folder ? `${folder}/attention-workbench` : 'attention-workbench',
      name: 'attention-workbench',
      type: 'console',
      kernelPreference: { autoStartDefault: true, shutdownOnDispose: false },
    });
    void context.initialize().then(async ask => {
      if (ask && this.dialogs) {
        await this.dialogs.selectKernel(context);
      }
    });
    return context;
  }

  private own = new Map<string, { context: ISessionContext; users: number }>();
}
