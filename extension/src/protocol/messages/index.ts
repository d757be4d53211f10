/** The shapes of `protocol.json` as types, one file a view; the schema is what is checked at run time. */
export type * from './core';
export type * from './patching';
export type * from './explain';
export type * from './ablate';
export type * from './runs';
export type * from './edit';
export type * from './adapter';
export type * from './requests';
