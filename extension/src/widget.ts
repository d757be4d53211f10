/** A view in a notebook cell: an anywidget module whose messages are those of the panels. */
import '../style/base.css';

import type { Envelope } from './protocol/messages';
import { type Receive, Listeners, type Transport } from './protocol/transport';
import { english } from './trans';
import { mount } from './view/mount';
import type { Kept } from './view/view';

/** The part of anywidget's model that is used. */
interface Model {
  get(name: string): unknown;
  send(content: unknown): void;
  on(name: 'msg:custom', listener: (content: unknown, buffers: DataView[]) => void): void;
  off(name: 'msg:custom', listener: (content: unknown, buffers: DataView[]) => void): void;
}

class ModelTransport implements Transport {
  readonly state = 'ready';
  readonly detail = '';
  readonly connected = true;

  constructor(private model: Model) {
    model.on('msg:custom', this.receive);
  }

  send(message: Envelope): void {
    this.model.send(message);
  }

  onMessage = (receive: Receive): (() => void) => this.messages.add(receive);

  /** A widget without its kernel is dead as a whole; there is no change to tell of. */
  onChange(_: () => void): () => void {
    return () => undefined;
  }

  dispose(): void {
    this.model.off('msg:custom', this.receive);
  }

  private receive = (content: unknown, buffers: DataView[] = []): void => {
    const copies = buffers.map(
      view => view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer,
    );
    this.messages.tell(content, copies);
  };
  private messages = new Listeners<[unknown, ArrayBuffer[]]>();
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const transport = new ModelTransport(model);
  const run = model.get('run');
  let kept: Kept = typeof run === 'string' ? { run, setup: 'hidden' } : {};
  const state = { get: () => kept, set: (next: Kept) => void (kept = next) };
  const unmount = mount({ el, transport, view: String(model.get('view')), state, trans: english });
  return () => {
    unmount();
    transport.dispose();
  };
}

export default { render };
