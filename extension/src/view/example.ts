/** The recorded result of a view, shown until something has run here. */
import type { Client } from '../protocol/client';
import { Images } from './images';

/** Stands for the run or the job of a recorded result: nothing in a store is ever called so. */
export const RECORDED = '00000000-000000-0000';

export interface Example<Setup, Result> {
  setup: Setup;
  results: Result[];
  /** Its images, by the arm that a reference means. */
  images<Ref extends { pair: number; seed: number }>(armOf: (ref: Ref) => string): Images<Ref>;
}

/** Ask for it; null if the kernel has none, which leaves a view as empty as it was. */
export async function loadExample<Setup, Result>(client: Client, view: string): Promise<Example<Setup, Result> | null> {
  const answer = await client.request('examples.get', { view }).catch(() => null);
  if (answer === null) {
    return null;
  }
  const { payload, buffers } = answer;
  const all = new Map(
    payload.items.map(({ pair, seed, arm, text }, place) => [`${pair}/${seed}/${arm}`, { text, png: buffers[place] }]),
  );
  return {
    setup: payload.setup as Setup,
    results: payload.results as Result[],
    images: armOf => {
      const keyOf = (ref: Parameters<typeof armOf>[0]): string => `${ref.pair}/${ref.seed}/${armOf(ref)}`;
      return new Images({
        run: RECORDED,
        keyOf,
        ask: async refs =>
          refs.flatMap(ref => {
            const found = all.get(keyOf(ref));
            return found ? [{ ref, ...found }] : [];
          }),
      });
    },
  };
}
