import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Client, RequestError } from '../src/protocol/client';
import { english } from '../src/trans';
import { FakeKernel, RUN } from './fakeKernel';

let kernel: FakeKernel;
let client: Client;

beforeEach(() => {
  kernel = new FakeKernel();
  client = new Client(kernel, english);
});

afterEach(() => {
  client.dispose();
  vi.useRealTimers();
});

test('replies reach their own requests, in whatever order they come', async () => {
  kernel.answers = {};
  const [models, code] = [
    client.request('models.list', {}),
    client.request('code.get', { view: 'patching', settings: {} }),
  ];
  kernel.reply(kernel.asked[1]!, { code: 'one' });
  kernel.reply(kernel.asked[0]!, { models: [] });
  expect((await code).payload.code).toBe('one');
  expect((await models).payload.models).toEqual([]);
});

test('an error of the kernel rejects with its hint', async () => {
  kernel.answers['patching.result'] = () => ({ type: 'input', message: 'No such run.', hint: 'Reload the list.' });
  const failed = await client.request('patching.result', { run: RUN }).catch((error: RequestError) => error.problem);
  expect(failed).toMatchObject({ message: 'No such run.', hint: 'Reload the list.' });
});

test('a reply of another shape is an error, not data', async () => {
  kernel.answers['code.get'] = () => ({ code: 3 }) as never;
  const asked = client.request('code.get', { view: 'patching', settings: {} });
  await expect(asked).rejects.toMatchObject({ problem: { type: 'protocol' } });
});

test('a lost kernel rejects what waits, and what is asked then', async () => {
  kernel.answers = {};
  const waiting = client.request('models.list', {});
  kernel.become('lost', false);
  await expect(waiting).rejects.toBeInstanceOf(RequestError);
  await expect(client.request('models.list', {})).rejects.toBeInstanceOf(RequestError);
});

test('only silence ends the wait: any message of the kernel starts it anew', async () => {
  vi.useFakeTimers();
  kernel.answers = {};
  const waiting = client.request('models.list', {});
  let ended = false;
  waiting.catch(() => (ended = true));
  for (let minute = 0; minute < 10; minute += 1) {
    await vi.advanceTimersByTimeAsync(60_000);
    kernel.messages.tell('noise', []);
  }
  expect(ended).toBe(false);
  await vi.advanceTimersByTimeAsync(301_000);
  expect(ended).toBe(true);
});

test('events of another shape are not passed on', () => {
  const seen: unknown[] = [];
  client.on('job', job => seen.push(job));
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  kernel.event('job', { job: 'job-1' } as never);
  expect(seen).toEqual([]);
});
