/** Words in reading order; each has its sign three times: as a bar up or down, as a colour, and as a number. */
import { useRef } from 'preact/hooks';

import type { ExplainedText, ScoredWord } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { signed } from '../parts/numbers';
import { rampLevel } from '../parts/ramp';
import { useExplain } from './context';

const BAR_PIXELS = 24;
/** Words weaker than this share of the scale have no number; the inspector has them all. */
const NUMBERED = 0.08;

export function Strip({ text, place, limit }: { text: ExplainedText; place: number; limit: number }) {
  const trans = useTrans();
  const explain = useExplain();
  const list = useRef<HTMLDivElement>(null);
  const current = explain.cursor.text === place ? Math.min(explain.cursor.word, text.words.length - 1) : 0;
  const gone = explain.shortened.get(place)?.words ?? [];
  const go = (word: number): void => {
    const next = Math.max(0, Math.min(text.words.length - 1, word));
    explain.moveCursor(place, next);
    list.current?.querySelectorAll<HTMLElement>('[role=option]')[next]?.focus();
  };
  const press = (event: KeyboardEvent): void => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') {
      explain.restore(place);
    } else if (event.ctrlKey || event.metaKey || event.altKey || !act(event.key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const focusIn = (selector: string): void =>
    list.current?.closest('.jp-Workbench')?.querySelector<HTMLElement>(selector)?.focus();
  const act = (key: string): boolean => {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => go(current - 1),
      ArrowRight: () => go(current + 1),
      Home: () => go(0),
      End: () => go(text.words.length - 1),
      Delete: () => explain.remove(place, current),
      Enter: () => focusIn('.jp-Workbench-inspector'),
      Escape: () => focusIn('.jp-Workbench-bar button'),
    };
    keys[key]?.();
    return key in keys;
  };
  return (
    <div
      ref={list}
      class={`jp-Workbench-strip${text.certified === false ? ' jp-mod-uncertified' : ''}`}
      role="listbox"
      aria-orientation="horizontal"
      aria-label={trans.__('Words of text %1, for or against %2', place + 1, text.target)}
      onKeyDown={press}
    >
      {text.words.map((word, index) => (
        <div
          key={index}
          class={`jp-Workbench-word${gone.includes(index) ? ' jp-mod-gone' : ''}`}
          role="option"
          aria-selected={explain.cursor.text === place && index === current}
          aria-label={named(index)}
          tabIndex={index === current ? 0 : -1}
          onClick={() => go(index)}
        >
          <Bar share={word.score / limit} />
          <Word word={word} limit={limit} />
          <small>{Math.abs(word.score) >= NUMBERED * limit ? signed(word.score) : '\u00a0'}</small>
        </div>
      ))}
    </div>
  );

  function named(index: number): string {
    const word = text.words[index]!;
    const side = word.score < 0 ? trans.__('away from %1', text.target) : trans.__('towards %1', text.target);
    const removed = gone.includes(index) ? trans.__(', taken away') : '';
    return `${word.text}, ${signed(word.score)}, ${side}${removed}`;
  }
}

/** Up for the target, down against it; its height is linear in the value. */
function Bar({ share }: { share: number }) {
  const height = Math.round(BAR_PIXELS * Math.min(1, Math.abs(share)));
  return (
    <span class="jp-Workbench-bars" aria-hidden="true">
      <i class={share < 0 ? 'jp-mod-away' : undefined} style={{ height: `${height}px` }} />
    </span>
  );
}

/** A word on the ramp; one beyond the end of the scale has a mark in its corner. */
function Word({ word, limit }: { word: ScoredWord; limit: number }) {
  const clipped = Math.abs(word.score) > limit ? ' jp-mod-clipped' : '';
  return (
    <span class={`jp-Workbench-cell${clipped}`} data-level={rampLevel(word.score, limit)} title={signed(word.score, 3)}>
      {word.text}
    </span>
  );
}

/** The same words small, without keys: a method beside others. */
export function SmallStrip({ text, limit }: { text: ExplainedText; limit: number }) {
  return (
    <span class="jp-Workbench-smallStrip">
      {text.words.map((word, index) => (
        <Word key={index} word={word} limit={limit} />
      ))}
    </span>
  );
}
