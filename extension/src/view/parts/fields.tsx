/** Fields of a setup: a label above, a message below that says what is wrong and may repair it. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { Button } from './button';
import { useUniqueId } from './context';

export interface Repair {
  message: string;
  label?: string;
  repair?: () => void;
}

interface FieldProps {
  label: string;
  wrong?: Repair | null | undefined;
  children(given: { id: string; 'aria-invalid'?: true; 'aria-describedby'?: string }): ComponentChildren;
}

export function Field({ label, wrong, children }: FieldProps) {
  const id = useUniqueId();
  const described = wrong ? ({ 'aria-invalid': true, 'aria-describedby': `${id}-wrong` } as const) : {};
  return (
    <div class="jp-Workbench-field">
      <label for={id} class="jp-Workbench-label">
        {label}
      </label>
      {children({ id, ...described })}
      {wrong && (
        <div class="jp-Workbench-wrong" id={`${id}-wrong`}>
          {wrong.message}
          {wrong.repair && wrong.label && <Button label={wrong.label} onClick={wrong.repair} />}
        </div>
      )}
    </div>
  );
}

export function NumberField(props: {
  label: string;
  value: number;
  low: number;
  high: number;
  step?: number;
  onChange(value: number): void;
}) {
  const [typed, setTyped] = useState<string | null>(null);
  const change = (text: string): void => {
    const value = Number(text);
    const fits = text.trim() !== '' && Number.isFinite(value) && value >= props.low && value <= props.high;
    const whole = (props.step ?? 1) !== 1 || Number.isInteger(value);
    setTyped(text);
    if (fits && whole) {
      props.onChange(value);
    }
  };
  return (
    <Field label={props.label}>
      {given => (
        <input
          {...given}
          class="jp-Workbench-input jp-mod-number"
          type="number"
          min={props.low}
          max={props.high}
          step={props.step ?? 1}
          value={typed ?? String(props.value)}
          onInput={event => change(event.currentTarget.value)}
          onBlur={() => setTyped(null)}
        />
      )}
    </Field>
  );
}

export function SelectField<Value extends string>(props: {
  label: string;
  value: Value;
  choices: readonly (readonly [Value, string])[];
  onChange(value: Value): void;
}) {
  return (
    <Field label={props.label}>
      {given => (
        <select
          {...given}
          class="jp-Workbench-input"
          value={props.value}
          onChange={event => props.onChange(event.currentTarget.value as Value)}
        >
          {props.choices.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function TextField(props: {
  label: string;
  value: string;
  wrong?: Repair | null;
  placeholder?: string;
  onChange(value: string): void;
}) {
  return (
    <Field label={props.label} wrong={props.wrong}>
      {given => (
        <input
          {...given}
          class="jp-Workbench-input"
          type="text"
          spellcheck={false}
          placeholder={props.placeholder}
          value={props.value}
          onInput={event => props.onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
