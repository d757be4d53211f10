/** Checks of messages against `protocol.json`, the one schema of both sides. */
import { type Schema, Validator } from '@cfworker/json-schema';

import protocol from '../../../workbench/ui/protocol.json';

export const VERSION: number = protocol.version;

type Tree = { [key: string]: unknown };

const validators = new Map<string, Validator>();

/** Return what is wrong with data at a place of the schema such as `requests/hello/reply`; null if nothing is. */
export function problemOf(place: string, data: unknown): string | null {
  let validator = validators.get(place);
  if (validator === undefined) {
    const part = place.split('/').reduce<unknown>((tree, name) => childOf(tree, name), protocol);
    if (part === undefined) {
      return `${place} is unknown`;
    }
    validator = new Validator({ ...(part as Schema), $defs: protocol.$defs as unknown as Schema }, '2020-12', true);
    validators.set(place, validator);
  }
  const result = validator.validate(data);
  const last = result.errors.at(-1);
  return result.valid ? null : `${place}${last ? ` ${last.instanceLocation}: ${last.error}` : ''}`;
}

function childOf(tree: unknown, name: string): unknown {
  return typeof tree === 'object' && tree !== null && Object.hasOwn(tree, name) ? (tree as Tree)[name] : undefined;
}
