/** A button that says how many are chosen, and the list in which they are. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { Button } from '../parts/button';
import { useTrans, useUniqueId } from '../parts/context';
import { Icon } from '../parts/icon';

export interface Entry {
  name: string;
  note: string;
}

interface CheckListProps {
  label: string;
  entries: Entry[];
  chosen: string[];
  /** Names to choose at once. */
  usual: string[];
  onChange(chosen: string[]): void;
}

export function CheckList(props: CheckListProps) {
  const trans = useTrans();
  const [open, setOpen] = useState(false);
  const id = useUniqueId();
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  const [first, ...more] = props.chosen;
  const chosen = more.length > 0 ? trans.__('%1 and %2 more', first, more.length) : (first ?? trans.__('none'));
  return (
    <div class="jp-Workbench-field jp-Workbench-chooser">
      <span class="jp-Workbench-label" id={`${id}-label`}>
        {props.label}
      </span>
      <button
        type="button"
        ref={button}
        class="jp-Workbench-button"
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-labelledby={`${id}-label ${id}-chosen`}
        onClick={() => setOpen(!open)}
      >
        <span id={`${id}-chosen`}>{chosen}</span>
        <Icon name="open" />
      </button>
      {open && <Popover {...props} onClose={close} />}
    </div>
  );
}

function Popover(props: CheckListProps & { onClose(): void }) {
  const trans = useTrans();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.querySelector('input')?.focus(), []);
  const leave = (event: FocusEvent): void => {
    if (event.relatedTarget instanceof Node && !place.current?.contains(event.relatedTarget)) {
      props.onClose();
    }
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      props.onClose();
      event.stopPropagation();
    }
  };
  const { chosen } = props;
  const set = (name: string, on: boolean): void =>
    // In the order of the list, however they were chosen.
    props.onChange(props.entries.map(entry => entry.name).filter(each => (each === name ? on : chosen.includes(each))));
  return (
    <div
      ref={place}
      class="jp-Workbench-popover jp-Workbench-checks"
      role="dialog"
      aria-label={props.label}
      onKeyDown={press}
      onFocusOut={leave}
    >
      <div class="jp-Workbench-turn">
        <Button label={trans.__('The usual ones')} onClick={() => props.onChange(props.usual)} />
        <Button label={trans.__('Done')} onClick={props.onClose} />
      </div>
      {props.entries.map(({ name, note }) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={chosen.includes(name)}
            onChange={event => set(name, event.currentTarget.checked)}
          />
          <span>
            <code>{name}</code> <small>{note}</small>
          </span>
        </label>
      ))}
    </div>
  );
}
