import type { LoadedImage, Size } from '../images';
import { useTrans } from '../parts/context';
import { usePatching } from './context';

/** The image of an arm for the pair and seed that are shown, and what it is in words. */
export function useShownImage(
  arm: string | undefined,
  { seedPlace, size }: { seedPlace?: number; size?: Size } = {},
): { loaded: LoadedImage | undefined; alt: string } {
  const trans = useTrans();
  const { result, images, pair, seed } = usePatching();
  const place = seedPlace ?? seed;
  const shown = result?.pairs[pair];
  const number = result?.seeds[place];
  if (arm === undefined || !shown || number === undefined) {
    return { loaded: undefined, alt: trans.__('Not there yet') };
  }
  const loaded = images?.get({ pair, seed: number, arm }, size);
  const patched = arm === 'source' ? trans.__('nothing patched') : trans.__('patched: %1', arm);
  const read = loaded?.text ? trans.__('reads %1', loaded.text) : trans.__('no text read');
  return { loaded, alt: trans.__('%1; %2; seed %3; %4', shown.source, patched, place + 1, read) };
}
