/** Requests and replies, matched by id and checked on arrival, and the events of the kernel. */
import type { Trans } from '../trans';
import type { Envelope, Events, Problem, Requests } from './messages';
import { problemOf, VERSION } from './schema';
import { Listeners, type Transport } from './transport';

/** A kernel that says nothing at all for so long while a request waits is taken for hung; imports of torch are slow. */
const SILENCE_SECONDS = 300;

export class RequestError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.message);
  }
}

export type Answer<Name extends keyof Requests> = { payload: Requests[Name][1]; buffers: ArrayBuffer[] };

type Waiting = { name: string; resolve(answer: Answer<never>): void; reject(error: RequestError): void };

export class Client {
  constructor(
    readonly transport: Transport,
    private trans: Trans,
  ) {
    this.stop = [transport.onMessage(this.receive), transport.onChange(this.changed)];
  }

  /** Send a request; the promise is rejected with a RequestError, also when the kernel goes away. */
  request<Name extends keyof Requests>(name: Name, payload: Requests[Name][0]): Promise<Answer<Name>> {
    const id = `r${++this.count}`;
    return new Promise((resolve, reject) => {
      if (!this.transport.connected) {
        reject(new RequestError(this.gone()));
        return;
      }
      this.waiting.set(id, { name, resolve: resolve as Waiting['resolve'], reject });
      this.transport.send({ v: VERSION, kind: 'request', id, name, payload });
      this.watch();
    });
  }

  /** Call with every event of that name; the returned function ends it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    return this.events.add((arrived, payload) => arrived === name && listener(payload as Events[Name]));
  }

  dispose(): void {
    this.stop.forEach(stop => stop());
    this.rejectAll(this.gone());
  }

  private receive = (message: unknown, buffers: ArrayBuffer[]): void => {
    this.watch();
    const problem = problemOf('envelope', message);
    if (problem !== null) {
      console.warn(`attention-workbench: not a message of this protocol: ${problem}`);
      return;
    }
    const envelope = message as Envelope;
    if (envelope.kind === 'event') {
      this.receiveEvent(envelope);
    } else if (envelope.kind === 'reply') {
      this.receiveReply(envelope, buffers);
    }
  };

  private receiveEvent(envelope: Envelope): void {
    const problem = problemOf(`events/${envelope.name}`, envelope.payload);
    if (problem === null) {
      this.events.tell(envelope.name, envelope.payload);
    } else {
      console.warn(`attention-workbench: ${problem}`);
    }
  }

  private receiveReply(envelope: Envelope, buffers: ArrayBuffer[]): void {
    const waiting = this.waiting.get(envelope.id);
    if (waiting === undefined) {
      return;
    }
    this.waiting.delete(envelope.id);
    const problem = envelope.error ? null : problemOf(`requests/${waiting.name}/reply`, envelope.payload);
    if (envelope.error) {
      waiting.reject(new RequestError(envelope.error));
    } else if (problem !== null) {
      waiting.reject(
        new RequestError({
          type: 'protocol',
          message: problem,
          hint: this.trans.__('Update the package, then restart the kernel.'),
        }),
      );
    } else {
      waiting.resolve({ payload: envelope.payload as never, buffers });
    }
  }

  private changed = (): void => {
    if (!this.transport.connected) {
      this.rejectAll(this.gone());
    }
  };

  /** Every message and every request starts the silence anew. */
  private watch(): void {
    clearTimeout(this.silence);
    if (this.waiting.size > 0) {
      this.silence = setTimeout(() => this.rejectAll(this.silent()), SILENCE_SECONDS * 1000);
    }
  }

  private rejectAll(problem: Problem): void {
    clearTimeout(this.silence);
    const all = [...this.waiting.values()];
    this.waiting.clear();
    all.forEach(waiting => waiting.reject(new RequestError(problem)));
  }

  private gone(): Problem {
    const message = this.trans.__('The kernel is not connected.');
    return { type: 'failed', message, hint: this.trans.__('Wait until it is ready, then try again.') };
  }

  private silent(): Problem {
    const message = this.trans.__('The kernel has said nothing for %1 seconds.', SILENCE_SECONDS);
    return { type: 'failed', message, hint: this.trans.__('See whether a notebook cell is running.') };
  }

  private count = 0;
  private events = new Listeners<[string, unknown]>();
  private silence: ReturnType<typeof setTimeout> | undefined;
  private stop: (() => void)[];
  private waiting = new Map<string, Waiting>();
}
