/** A prompt whose quoted text, which is what an OCR engine will look for, is underlined as it is typed. */
import { useRef } from 'preact/hooks';

import { Field, type Repair } from './fields';

const QUOTED = /"([^"]+)"/;

/** The text between the first pair of double quotes; empty if there is none. */
export function quotedText(prompt: string): string {
  return QUOTED.exec(prompt)?.[1]?.trim() ?? '';
}

/** The prompt with its last word, or its last word in capitals, in double quotes; null if there is no word. */
export function quoteLast(prompt: string): { word: string; prompt: string } | null {
  const words = [...prompt.replaceAll('"', '').matchAll(/[\p{L}\p{N}]+/gu)];
  const chosen = words.findLast(([word]) => word.length > 1 && word === word.toUpperCase()) ?? words.at(-1);
  if (chosen === undefined) {
    return null;
  }
  const bare = prompt.replaceAll('"', '');
  const [word] = chosen;
  return { word, prompt: `${bare.slice(0, chosen.index)}"${word}"${bare.slice(chosen.index + word.length)}` };
}

export function PromptField(props: {
  label: string;
  value: string;
  wrong: Repair | null;
  onChange(value: string): void;
}) {
  const shown = useRef<HTMLDivElement>(null);
  const follow = (input: HTMLInputElement): void => {
    if (shown.current) {
      shown.current.scrollLeft = input.scrollLeft;
    }
  };
  return (
    <Field label={props.label} wrong={props.wrong}>
      {given => (
        <div class="jp-Workbench-prompt">
          <div class="jp-Workbench-promptText" aria-hidden="true" ref={shown}>
            {props.value.split(/("[^"]+")/).map((part, place) => (place % 2 ? <u key={place}>{part}</u> : part))}
          </div>
          <input
            {...given}
            class="jp-Workbench-input"
            type="text"
            spellcheck={false}
            maxLength={2000}
            value={props.value}
            onInput={event => props.onChange(event.currentTarget.value)}
            onScroll={event => follow(event.currentTarget)}
            onKeyUp={event => follow(event.currentTarget)}
          />
        </div>
      )}
    </Field>
  );
}
