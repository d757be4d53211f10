import { afterEach, expect, test, vi } from 'vitest';

import { type Answered, Images, type LoadedImage } from '../src/view/images';

const PNG = new ArrayBuffer(8);
const asked = vi.fn<(refs: string[], limit: { width?: number }) => Promise<Answered<string>>>();

function imagesOf(there: () => string[]): Images<string> {
  asked.mockImplementation(async refs => {
    const found = refs.filter(ref => there().includes(ref));
    return found.map(ref => ({ ref, text: `reads ${ref}`, png: PNG }));
  });
  return new Images({ run: 'r', keyOf: ref => ref, ask: asked });
}

const loaded = (get: () => LoadedImage | undefined) => vi.waitFor(() => expect(get()).toBeDefined());

afterEach(() => {
  asked.mockReset();
  vi.unstubAllGlobals();
});

test('lists ask for images as wide as they are drawn, in one request', async () => {
  vi.stubGlobal('devicePixelRatio', 1.5);
  const images = imagesOf(() => ['a', 'b']);
  images.get('a');
  images.get('b');
  images.get('a');
  await loaded(() => images.get('b'));
  expect(asked.mock.calls).toEqual([[['a', 'b'], { width: 144 }]]);
  expect(images.get('a')!.text).toBe('reads a');
});

test('on a page that is made smaller, the images of embedded models are still asked for whole', async () => {
  vi.stubGlobal('devicePixelRatio', 0.5);
  const images = imagesOf(() => ['a']);
  images.get('a');
  await loaded(() => images.get('a'));
  expect(asked.mock.calls[0]![1]).toEqual({ width: 96 });
});

test('the small image stands for the whole one until that has come', async () => {
  const images = imagesOf(() => ['a']);
  images.get('a');
  await loaded(() => images.get('a'));
  const small = images.get('a')!;
  expect(images.get('a', 'whole')).toBe(small);
  await vi.waitFor(() => expect(images.get('a', 'whole')).not.toBe(small));
  expect(asked.mock.calls.map(([, limit]) => limit)).toEqual([{ width: 96 }, {}]);
  expect(images.get('a')).toBe(small);
});

test('what was not there is asked for again with the next result only', async () => {
  let there: string[] = [];
  const images = imagesOf(() => there);
  const told = vi.fn();
  images.onChange(told);
  images.get('a');
  await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(1));
  there = ['a'];
  expect(images.get('a')).toBeUndefined();
  images.refresh();
  images.get('a');
  await loaded(() => images.get('a'));
  expect(asked).toHaveBeenCalledTimes(2);
});

test('a request that fails is not repeated by drawing', async () => {
  const images = imagesOf(() => []);
  asked.mockRejectedValue(new Error('the kernel is gone'));
  const told = vi.fn(() => images.get('a'));
  images.onChange(told);
  images.get('a');
  await vi.waitFor(() => expect(told).toHaveBeenCalled());
  await new Promise(resolve => setTimeout(resolve, 20));
  expect(asked).toHaveBeenCalledTimes(1);
});

test('everything is given up together, and what comes later is not kept', async () => {
  const revoked = vi.spyOn(URL, 'revokeObjectURL');
  const images = imagesOf(() => ['a', 'b']);
  images.get('a');
  await loaded(() => images.get('a'));
  const { url } = images.get('a')!;
  images.get('b');
  images.dispose();
  expect(revoked).toHaveBeenCalledWith(url);
  expect(images.get('a')).toBeUndefined();
});
