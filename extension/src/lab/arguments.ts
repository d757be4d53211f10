/** Arguments of the command that opens a panel. Any element of the page may call it, so nothing in them is trusted. */
import { type ReadonlyPartialJSONObject, UUID } from '@lumino/coreutils';

import type { Kept, View } from '../view/view';
import { findView } from '../view/views';
import type { Place } from './places';

const KEY = /^[0-9a-f-]{1,64}$/;
const RUN = /^[0-9]{8}-[0-9]{6}-[0-9a-f]{4}$/;
const LONGEST_PATH = 1000;
const LONGEST_KEPT = 20_000;

export interface OpenArguments {
  view: View;
  place: Place | null;
  /** Where an own kernel starts. */
  folder: string;
  kept: Kept;
  /** By which a layout knows the panel again. */
  key: string;
}

/** For palettes and other tools that show what a command takes. */
export const OPEN_SCHEMA = {
  type: 'object',
  required: ['view'],
  properties: {
    view: { type: 'string', description: 'Name of the view, such as patching' },
    notebook: { type: 'string', description: 'Path of an open notebook whose kernel to use' },
    folder: { type: 'string', description: 'Folder in which the own kernel of the panel starts' },
    run: { type: 'string', description: 'Id of a run to show' },
    kept: { type: 'object', description: 'What the panel showed before' },
    key: { type: 'string', description: 'By which a layout knows the panel again' },
  },
} as const;

/** Return the arguments, or null if there is no such view; whatever else is not as expected is left out. */
export function readArguments(given: ReadonlyPartialJSONObject): OpenArguments | null {
  const view = findView(given['view']);
  if (view === undefined) {
    return null;
  }
  const notebook = pathOf(given['notebook']);
  const own = pathOf(given['folder']);
  const place = notebook ? { notebook } : own === undefined ? null : { folder: own };
  const run = given['run'];
  const kept = keptOf(given['kept']);
  const key = given['key'];
  return {
    view,
    place,
    folder: own ?? pathOf(given['cwd']) ?? '',
    kept: typeof run === 'string' && RUN.test(run) ? { ...kept, run } : kept,
    key: typeof key === 'string' && KEY.test(key) ? key : UUID.uuid4(),
  };
}

function pathOf(given: unknown): string | undefined {
  const fits = typeof given === 'string' && given.length <= LONGEST_PATH && !given.split('/').includes('..');
  return fits ? given : undefined;
}

function keptOf(given: unknown): Kept {
  const fits = typeof given === 'object' && given !== null && !Array.isArray(given);
  return fits && JSON.stringify(given).length <= LONGEST_KEPT ? (given as Kept) : {};
}
