/** Found sets and the models that they were made on. */
import type { FoundEntry, ModelEntry, ModelRef } from '../protocol/messages';

/** The model that a found set was made on; null if it was an object of a notebook that cannot be told from others. */
export function modelOf(set: FoundEntry, models: readonly ModelEntry[]): ModelRef | null {
  const { model: name } = set;
  if (models.some(entry => entry.source === 'embedded' && entry.name === name)) {
    return { source: 'embedded', name };
  }
  if (name.startsWith('/')) {
    return { source: 'folder', name };
  }
  if (/^[^/\s]+\/[^/\s]+$/.test(name)) {
    return { source: 'hub', name };
  }
  const variables = models.filter(entry => entry.source === 'variable' && !entry.refused);
  const only = variables.find(entry => entry.name === name) ?? (variables.length === 1 ? variables[0] : undefined);
  return only ? { source: 'variable', name: only.name } : null;
}
