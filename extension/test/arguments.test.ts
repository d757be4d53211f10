import { expect, test } from 'vitest';

import { readArguments } from '../src/lab/arguments';
import { RUN } from './fakeKernel';

test('a panel is opened for a known view only', () => {
  expect(readArguments({ view: 'patching' })?.view.name).toBe('patching');
  expect(readArguments({ view: 'constructor' })).toBeNull();
  expect(readArguments({})).toBeNull();
});

test('a run, a place and what was kept are taken over', () => {
  const read = readArguments({ view: 'patching', notebook: 'a/b.ipynb', run: RUN, kept: { cursor: 3 } });
  expect(read).toMatchObject({ place: { notebook: 'a/b.ipynb' }, kept: { run: RUN, cursor: 3 } });
  expect(readArguments({ view: 'patching', cwd: 'a' })).toMatchObject({ place: null, folder: 'a' });
});

test.each([
  [{ run: '../../etc' }, {}],
  [{ run: { toString: 1 } }, {}],
  [{ kept: [1] }, {}],
  [{ kept: { text: 'x'.repeat(30_000) } }, {}],
])('arguments that do not fit are left out: %o', (given, kept) => {
  expect(readArguments({ view: 'patching', ...given })?.kept).toEqual(kept);
});

test('a place outside of the server is none', () => {
  expect(readArguments({ view: 'patching', folder: '../x' })?.place).toBeNull();
  expect(readArguments({ view: 'patching', notebook: 'a/../../x.ipynb' })?.place).toBeNull();
});
