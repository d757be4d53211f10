/** A kernel that answers from a table, with the messages checked as the real one would. */
import type { Envelope, Events, PatchingResult, Problem, Requests } from '../src/protocol/messages';
import { problemOf, VERSION } from '../src/protocol/schema';
import { type KernelState, Listeners, type Receive, type Transport } from '../src/protocol/transport';
import samples from '../../workbench/ui/samples.json';

type Answers = { [Name in keyof Requests]?: (payload: Requests[Name][0]) => Requests[Name][1] | Problem };

export const MODEL = { source: 'embedded', name: 'glyph-unet' } as const;
export const RUN = '20261126-143728-101e';
export const PNG = new ArrayBuffer(8);

/** A finished result of the protocol's own samples, with another number of sites, pairs and effects. */
export function result(change: Partial<PatchingResult> = {}): PatchingResult {
  const sample = samples.find(({ message }) => message.kind === 'reply' && message.name === 'patching.result');
  const stored = structuredClone(sample!.message.payload as unknown as PatchingResult);
  return { ...stored, run: RUN, model: MODEL.name, site_map: { ...stored.site_map, model: MODEL.name }, ...change };
}

export class FakeKernel implements Transport {
  state: KernelState = 'ready';
  detail = 'Python 3';
  connected = true;
  asked: Envelope[] = [];
  answers: Answers = {
    hello: () => ({ version: VERSION, package: '0.1.0', python: '3.11.0', views: ['patching'], store: '/s', jobs: [] }),
    'models.list': () => ({
      models: [{ ...MODEL, family: 'unet', sites: 3, parameters: 253364, note: '', refused: '' }],
    }),
    'models.sites': () => ({ ...result().site_map, model: MODEL.name }),
    'patching.forecast': () => ({ ...result().forecast, images: 46 }),
    'patching.result': () => result(),
    'patching.found': () => ({ found: null }),
    'patching.start': () => ({ job: 'job-1' }),
    'images.get': ({ items }) => ({ items: items.map(item => ({ ...item, text: 'OPEN' })) }),
    'code.get': () => ({ code: 'from workbench import localize' }),
  };

  send(message: Envelope): void {
    const problem = problemOf(`requests/${message.name}/payload`, message.payload);
    if (problem !== null) {
      throw new Error(problem);
    }
    this.asked.push(message);
    const answer = this.answers[message.name as keyof Requests] as ((payload: object) => object) | undefined;
    queueMicrotask(() => answer && this.reply(message, answer(message.payload)));
  }

  reply({ id, name }: Envelope, answer: object): void {
    const failed = 'hint' in answer;
    const error = failed ? { error: answer as Problem } : {};
    const items = name === 'guard.image' ? [answer] : ((answer as { items?: object[] }).items ?? []);
    const buffers = failed ? [] : items.map(() => PNG);
    this.messages.tell({ v: VERSION, kind: 'reply', id, name, payload: failed ? {} : answer, ...error }, buffers);
  }

  event<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    this.messages.tell({ v: VERSION, kind: 'event', id: '', name, payload }, []);
  }

  become(state: KernelState, connected: boolean): void {
    Object.assign(this, { state, connected });
    this.changes.tell();
  }

  names(): string[] {
    return this.asked.map(message => message.name);
  }

  onMessage = (receive: Receive): (() => void) => this.messages.add(receive);
  onChange = (changed: () => void): (() => void) => this.changes.add(changed);
  messages = new Listeners<[unknown, ArrayBuffer[]]>();
  private changes = new Listeners<[]>();
}
