/** Envelopes through a comm of a kernel, kept alive over restarts of the kernel and losses of the connection. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { type Kernel, KernelMessage } from '@jupyterlab/services';
import type { JSONValue } from '@lumino/coreutils';

import type { Envelope } from '../protocol/messages';
import { type KernelState, Listeners, type Receive, type Transport } from '../protocol/transport';

const TARGET = 'workbench.panel.v1';
// Constant code: whatever a user typed travels as data through the comm.
const REGISTER = 'import workbench.ui.comm; workbench.ui.comm.register()';
/** Each of our own messages makes the kernel busy for a moment; a cell keeps it busy for longer. */
const BUSY_MILLISECONDS = 700;

export class CommTransport implements Transport {
  /**
   * @param context - the session of the panel itself or of a notebook; it stays the owner's.
   * @param repair - what a user can do where there is no kernel or one without the package: choose another.
   */
  constructor(
    private context: ISessionContext,
    readonly repair: () => void,
  ) {
    context.kernelChanged.connect(this.kernelChanged, this);
    context.statusChanged.connect(this.statusChanged, this);
    context.connectionStatusChanged.connect(this.connectionChanged, this);
    // Without a word the kernel would go on sending everything to a page that is gone.
    window.addEventListener('pagehide', this.closeComm);
    void this.open();
  }

  get state(): KernelState {
    return this.now;
  }

  get detail(): string {
    return this.reason || this.context.kernelDisplayName;
  }

  get connected(): boolean {
    return this.comm !== null && !this.comm.isDisposed && this.now !== 'lost';
  }

  send(message: Envelope): void {
    // A cell may be running: the reply comes afterwards, and the chip says so.
    this.comm?.send(message as unknown as JSONValue);
  }

  onMessage = (receive: Receive): (() => void) => this.messages.add(receive);

  onChange = (changed: () => void): (() => void) => this.changes.add(changed);

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.busy);
    this.context.kernelChanged.disconnect(this.kernelChanged, this);
    this.context.statusChanged.disconnect(this.statusChanged, this);
    this.context.connectionStatusChanged.disconnect(this.connectionChanged, this);
    window.removeEventListener('pagehide', this.closeComm);
    this.closeComm();
  }

  /** Register the target in the kernel and open a comm; a later call overtakes an earlier one. */
  private async open(): Promise<void> {
    this.closeComm();
    const kernel = this.context.session?.kernel;
    if (!kernel) {
      return;
    }
    const attempt = ++this.attempts;
    const overtaken = (): boolean => this.disposed || attempt !== this.attempts || kernel.isDisposed;
    try {
      const reply = await kernel.requestExecute({ code: REGISTER, silent: true, store_history: false }).done;
      if (overtaken()) {
        return;
      }
      if (reply.content.status !== 'ok') {
        this.become('missing', 'evalue' in reply.content ? String(reply.content.evalue) : '');
        return;
      }
      this.openComm(kernel);
    } catch {
      // The kernel went away meanwhile; its connection comes back, or its successor opens again.
    }
  }

  private openComm(kernel: Kernel.IKernelConnection): void {
    const comm = kernel.createComm(TARGET);
    comm.onMsg = message => this.receive(message);
    comm.onClose = () => {
      if (this.comm === comm) {
        this.comm = null;
        this.changes.tell();
      }
    };
    comm.open({});
    this.comm = comm;
    this.kernel = kernel;
    this.become(this.restarted ? 'restarted' : 'ready');
  }

  private receive(message: KernelMessage.ICommMsgMsg): void {
    const buffers = (message.buffers ?? []).map(buffer =>
      buffer instanceof ArrayBuffer
        ? buffer
        : (buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength) as ArrayBuffer),
    );
    this.messages.tell(message.content.data, buffers);
  }

  /**
   * Close the comm with a message of its own: that of `comm.close()` goes to the subshell of the comm, which JupyterLab
   * deletes before the message is read there, and the kernel would send on.
   */
  private closeComm = (): void => {
    const { comm, kernel } = this;
    this.comm = null;
    if (comm && kernel && !comm.isDisposed && !kernel.isDisposed) {
      const { clientId: session, username } = kernel;
      const content = { comm_id: comm.commId, data: {} };
      kernel.sendShellMessage(
        KernelMessage.createMessage({ msgType: 'comm_close', channel: 'shell', session, username, content }),
      );
      comm.dispose();
    }
  };

  private kernelChanged(): void {
    const kernel = this.context.session?.kernel;
    // A notebook also says so of the same kernel after a restart.
    this.restarted &&= kernel?.id === this.kernel?.id;
    this.become(kernel ? 'starting' : 'dead');
    void this.open();
  }

  private statusChanged(_: ISessionContext, status: Kernel.Status): void {
    clearTimeout(this.busy);
    if (status === 'restarting' || status === 'autorestarting') {
      // JupyterLab forgets what is sent now, and connects anew afterwards: that opens.
      this.restarted = true;
      this.comm = null;
      this.attempts += 1;
      this.become('starting');
    } else if (status === 'dead') {
      this.comm = null;
      this.become('dead');
    } else if (status === 'busy') {
      this.busy = setTimeout(() => this.connected && this.become('busy'), BUSY_MILLISECONDS);
    } else if (status === 'idle' && this.now === 'busy') {
      this.become(this.restarted ? 'restarted' : 'ready');
    }
  }

  private connectionChanged(_: ISessionContext, status: Kernel.ConnectionStatus): void {
    if (this.now === 'dead') {
      return;
    }
    if (status !== 'connected') {
      // The answer to what was sent may never come.
      this.attempts += 1;
      this.become(this.comm ? 'lost' : 'starting');
    } else if (this.now === 'lost' || this.now === 'starting') {
      // Events were missed and the kernel may have been restarted: a new comm makes the view ask for everything.
      this.become('starting');
      void this.open();
    }
  }

  private become(state: KernelState, reason = ''): void {
    this.now = state;
    this.reason = reason;
    if (!this.disposed) {
      this.changes.tell();
    }
  }

  private attempts = 0;
  private busy: ReturnType<typeof setTimeout> | undefined;
  private changes = new Listeners<[]>();
  private comm: Kernel.IComm | null = null;
  private disposed = false;
  private kernel: Kernel.IKernelConnection | null = null;
  private messages = new Listeners<[unknown, ArrayBuffer[]]>();
  private now: KernelState = 'starting';
  private reason = '';
  private restarted = false;
}
