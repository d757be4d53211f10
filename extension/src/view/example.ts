/** The recorded result of a view, shown until something has run here. */
import type { Client } from '../protocol/client';
import { RunImages } from './images';

/** Stands for the run or the job of a recorded result: nothing in a store is ever called so. */
export const RECORDED = '00000000-000000-0000';

export interface Example<Setup, Result> {
  setup: Setup;
  results: Result[];
  images: RunImages;
}

/** Ask for it; null if the kernel has none, which leaves a view as empty as it was. */
export async function loadExample<Setup, Result>(client: Client, view: string): Promise<Example<Setup, Result> | null> {
  const answer = await client.request('examples.get', { view }).catch(() => null);
  if (answer === null) {
    return null;
  }
  const { payload, buffers } = answer;
  const all = payload.items.map((item, place) => ({ item, png: buffers[place]! }));
  const images = new RunImages(client, RECORDED, async wanted => {
    const found = all.filter(({ item }) =>
      wanted.some(ref => ref.pair === item.pair && ref.seed === item.seed && ref.arm === item.arm),
    );
    return { items: found.map(({ item }) => item), buffers: found.map(({ png }) => png) };
  });
  return { setup: payload.setup as Setup, results: payload.results as Result[], images };
}
