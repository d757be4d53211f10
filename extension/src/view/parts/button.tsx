import type { IconName } from './drawings';
import { Icon } from './icon';

interface ButtonProps {
  label: string;
  onClick(): void;
  icon?: IconName;
  kind?: 'primary' | 'plain' | 'quiet';
  /** Only the icon is shown; the label is its name. */
  bare?: boolean;
  /** Why it cannot be used now; it stays reachable so that the reason can be read. */
  refused?: string | undefined;
  pressed?: boolean;
  /** It opens a menu, which is open or not. */
  expanded?: boolean;
  /** Out of the way of the tabulator, where a row with the focus has a key for it. */
  tabIndex?: number;
}

export function Button(props: ButtonProps) {
  const { label, onClick, icon, kind = 'plain', bare = false, refused, pressed, expanded, tabIndex } = props;
  return (
    <button
      type="button"
      class={`jp-Workbench-button jp-mod-${kind}${bare ? ' jp-mod-bare' : ''}${icon ? ' jp-mod-icon' : ''}`}
      aria-label={bare ? label : undefined}
      aria-disabled={refused ? true : undefined}
      aria-pressed={pressed}
      aria-haspopup={expanded === undefined ? undefined : 'menu'}
      aria-expanded={expanded}
      tabIndex={tabIndex}
      title={refused || (bare ? label : undefined)}
      onClick={() => refused || onClick()}
    >
      {icon && <Icon name={icon} />}
      {!bare && <span class="jp-Workbench-buttonText">{label}</span>}
    </button>
  );
}

/** A few alternatives of which one holds. */
export function Segments<Value extends string>(props: {
  label: string;
  value: Value;
  choices: readonly (readonly [Value, string])[];
  onChange(value: Value): void;
}) {
  return (
    <div class="jp-Workbench-field" role="group" aria-label={props.label}>
      <span class="jp-Workbench-label" aria-hidden="true">
        {props.label}
      </span>
      <div class="jp-Workbench-segments">
        {props.choices.map(([value, text]) => (
          <Button
            key={value}
            label={text}
            pressed={value === props.value}
            onClick={() => value !== props.value && props.onChange(value)}
          />
        ))}
      </div>
    </div>
  );
}
