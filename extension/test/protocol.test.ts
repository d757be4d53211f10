import { expect, test } from 'vitest';

import samples from '../../workbench/ui/samples.json';
import { problemOf, VERSION } from '../src/protocol/schema';

/** The place of a message's payload in the schema; an error has none. */
function placeOf(message: (typeof samples)[number]['message']): string {
  const part = message.kind === 'reply' ? 'reply' : 'payload';
  return message.kind === 'event' ? `events/${message.name}` : `requests/${message.name}/${part}`;
}

test.each(
  samples.map(sample => [`${sample.message.kind} ${sample.message.name} ${sample.message.id}`, sample.message]),
)('the sample %s is valid', (_, message) => {
  expect(problemOf('envelope', message)).toBeNull();
  if (!('error' in message)) {
    expect(problemOf(placeOf(message), message.payload)).toBeNull();
  }
});

test('samples cover every request of the schema that the panels send', () => {
  const sampled = new Set(samples.map(sample => sample.message.name));
  for (const name of ['hello', 'patching.start', 'patching.result', 'patching.keep', 'images.get', 'job.partial']) {
    expect(sampled).toContain(name);
  }
});

test.each([
  ['envelope', { v: VERSION, kind: 'order', id: '', name: 'x', payload: {} }],
  ['envelope', { v: VERSION, kind: 'event', id: '', name: 'x', payload: {}, code: 'import os' }],
  ['requests/patching.result/payload', { run: '../../etc' }],
  ['requests/runs.delete/payload', { run: '20261126-143728-101e', confirmed: false }],
  ['requests/runs.replay/payload', { runs: [] }],
  ['requests/nothing/payload', {}],
])('a message that breaks %s is refused', (place, data) => {
  expect(problemOf(place, data)).toContain(place);
});

test('names of the object prototype are no places of the schema', () => {
  expect(problemOf('requests/constructor', {})).toContain('unknown');
});
