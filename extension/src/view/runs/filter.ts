/** What is typed into the find field, taken as data: words to look for, and `name:value` for some columns. */
import type { RunEntry } from '../../protocol/messages';

export interface Filter {
  /** Matches any part of what a row shows. */
  words: string[];
  model: string[];
  kind: string[];
  state: string[];
  /** Beginnings of ISO 8601 times, such as 2026-11-26; nothing older is shown. */
  after: string[];
}

const NAMES = ['model', 'kind', 'state', 'after'] as const;
const TIME = /^\d{4}(-\d{2}(-\d{2}(t\d{2}(:\d{2}){0,2})?)?)?$/;
const ANY = 'any';

/** Read a line; whatever is no name of a column, with a value behind the colon, is a word. */
export function readFilter(line: string): Filter {
  const filter: Filter = { words: [], model: [], kind: [], state: [], after: [] };
  for (const part of line.toLowerCase().split(/\s+/).filter(Boolean)) {
    const [head, ...rest] = part.split(':');
    const name = NAMES.find(each => each === head && rest.length > 0);
    if (name === undefined) {
      filter.words.push(part);
    } else if (rest.join(':') !== '') {
      filter[name].push(rest.join(':'));
    }
  }
  return filter;
}

/** The first `after:` that is no time; undefined if all are. */
export function wrongTime(filter: Filter): string | undefined {
  return filter.after.find(time => !TIME.test(time));
}

/**
 * Tell whether a run fits.
 *
 * @param title - of the view that opens the run, as the row shows it; `kind:` finds it beside the verb.
 */
export function fits(filter: Filter, entry: RunEntry, title: string): boolean {
  const shown = [entry.run, entry.verb, title, entry.model, entry.status, entry.answer].map(text => text.toLowerCase());
  const within = (texts: string[], wanted: string[]): boolean =>
    wanted.every(word => word === ANY || texts.some(text => text.includes(word)));
  return (
    within(shown, filter.words) &&
    within([entry.model.toLowerCase()], filter.model) &&
    within([entry.verb.toLowerCase(), title.toLowerCase()], filter.kind) &&
    within([entry.status.toLowerCase()], filter.state) &&
    filter.after.every(time => !TIME.test(time) || entry.created.toLowerCase().slice(0, time.length) >= time)
  );
}
