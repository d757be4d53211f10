import type { ISessionContext } from '@jupyterlab/apputils';
import { Signal } from '@lumino/signaling';
import { expect, test, vi } from 'vitest';

import { CommTransport } from '../src/lab/commTransport';

/** A kernel connection as far as the transport uses it; answers are given by hand. */
class FakeConnection {
  comms: { onClose?(): void; isDisposed: boolean; open: () => void; dispose: () => void; send: () => void }[] = [];
  id = 'kernel-1';
  isDisposed = false;
  pending: { answer(status: 'ok' | 'error'): void; forget(): void }[] = [];

  requestExecute(): { done: Promise<unknown> } {
    const done = new Promise((resolve, reject) => {
      this.pending.push({
        answer: status => resolve({ content: { status, evalue: 'No module named workbench' } }),
        forget: () => reject(new Error('Canceled')),
      });
    });
    return { done };
  }

  sendShellMessage = vi.fn();

  createComm(): object {
    const comm = { isDisposed: false, open: vi.fn(), commId: 'c1', dispose: vi.fn(), send: vi.fn() };
    this.comms.push(comm);
    return comm;
  }
}

function start() {
  const kernel = new FakeConnection();
  const context = { session: { kernel }, kernelDisplayName: 'Python 3' };
  const signals = {
    kernelChanged: new Signal<object, unknown>(context),
    statusChanged: new Signal<object, string>(context),
    connectionStatusChanged: new Signal<object, string>(context),
  };
  const transport = new CommTransport(Object.assign(context, signals) as unknown as ISessionContext, () => undefined);
  return { context, kernel, transport, ...signals };
}

test('the target is registered before the comm is opened', async () => {
  const { kernel, transport } = start();
  expect(transport.connected).toBe(false);
  kernel.pending[0]!.answer('ok');
  await vi.waitFor(() => expect(transport.connected).toBe(true));
  expect(transport.state).toBe('ready');
});

test('a kernel without the package is missing it, and says what Python said', async () => {
  const { kernel, transport } = start();
  kernel.pending[0]!.answer('error');
  await vi.waitFor(() => expect(transport.state).toBe('missing'));
  expect(transport.detail).toBe('No module named workbench');
});

test('a restart forgets what is sent meanwhile; the comm is opened once the connection is back', async () => {
  const { kernel, transport, kernelChanged, statusChanged, connectionStatusChanged } = start();
  kernel.pending[0]!.answer('ok');
  await vi.waitFor(() => expect(transport.connected).toBe(true));
  // As JupyterLab does it: the status first, then everything is forgotten, then it connects anew.
  statusChanged.emit('restarting');
  kernel.pending.forEach(request => request.forget());
  expect(transport.state).toBe('starting');
  connectionStatusChanged.emit('connecting');
  connectionStatusChanged.emit('connected');
  kernelChanged.emit({});
  kernel.pending.at(-1)!.answer('ok');
  await vi.waitFor(() => expect(transport.state).toBe('restarted'));
  expect(kernel.comms).toHaveLength(2);
});

test('another kernel after a restart has nothing to be excused', async () => {
  const { context, kernel, transport, kernelChanged, statusChanged } = start();
  kernel.pending[0]!.answer('ok');
  await vi.waitFor(() => expect(transport.connected).toBe(true));
  statusChanged.emit('restarting');
  const other = Object.assign(new FakeConnection(), { id: 'kernel-2' });
  context.session.kernel = other;
  kernelChanged.emit({});
  other.pending[0]!.answer('ok');
  await vi.waitFor(() => expect(transport.state).toBe('ready'));
});

test('a connection that breaks before the first answer is asked again', async () => {
  const { kernel, transport, connectionStatusChanged } = start();
  connectionStatusChanged.emit('connecting');
  connectionStatusChanged.emit('connected');
  expect(kernel.pending).toHaveLength(2);
  kernel.pending[0]!.answer('ok');
  kernel.pending[1]!.answer('ok');
  await vi.waitFor(() => expect(transport.state).toBe('ready'));
  expect(kernel.comms).toHaveLength(1);
});

test('a connection that breaks later is said, and a new comm makes the view ask for everything', async () => {
  const { kernel, transport, connectionStatusChanged } = start();
  kernel.pending[0]!.answer('ok');
  await vi.waitFor(() => expect(transport.connected).toBe(true));
  connectionStatusChanged.emit('disconnected');
  expect([transport.state, transport.connected]).toEqual(['lost', false]);
  connectionStatusChanged.emit('connected');
  kernel.pending.at(-1)!.answer('ok');
  await vi.waitFor(() => expect(transport.state).toBe('ready'));
});

test('a page that is left closes its comm', async () => {
  const { kernel, transport } = start();
  kernel.pending[0]!.answer('ok');
  await vi.waitFor(() => expect(transport.connected).toBe(true));
  window.dispatchEvent(new Event('pagehide'));
  const [[closed]] = kernel.sendShellMessage.mock.calls as [[{ header: object; content: object }]];
  expect(closed).toMatchObject({ header: { msg_type: 'comm_close' }, content: { comm_id: 'c1' } });
  expect(closed.header).toMatchObject({ subshell_id: null });
  transport.dispose();
  expect(kernel.sendShellMessage).toHaveBeenCalledOnce();
});
