/** The ⋯ button at the end of a bar, with what is needed seldom. */
import { useEffect, useRef, useState } from 'preact/hooks';

import { Button } from './button';
import { useTrans } from './context';

export interface MenuItem {
  label: string;
  onClick(): void;
}

export function Menu({ items }: { items: MenuItem[] }) {
  const trans = useTrans();
  const [open, setOpen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  const close = (): void => {
    setOpen(false);
    place.current?.querySelector('button')?.focus();
  };
  const leave = (event: FocusEvent): void => {
    if (event.relatedTarget instanceof Node && !place.current?.contains(event.relatedTarget)) {
      setOpen(false);
    }
  };
  return (
    <div ref={place} class="jp-Workbench-chooser" onFocusOut={leave}>
      <Button
        bare
        kind="quiet"
        icon="more"
        label={trans.__('More')}
        expanded={open}
        onClick={() => (open ? close() : setOpen(true))}
      />
      {open && <Items items={items} onClose={close} />}
    </div>
  );
}

function Items({ items, onClose }: { items: MenuItem[]; onClose(): void }) {
  const trans = useTrans();
  const menu = useRef<HTMLDivElement>(null);
  const all = (): HTMLElement[] => [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  useEffect(() => all()[0]?.focus(), []);
  const press = (event: KeyboardEvent): void => {
    const at = all().indexOf(document.activeElement as HTMLElement);
    const last = items.length - 1;
    const goals: Record<string, number> = {
      ArrowDown: at === last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const goal = goals[event.key];
    if (goal !== undefined) {
      all()[goal]?.focus();
    } else if (event.key === 'Escape') {
      onClose();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      ref={menu}
      class="jp-Workbench-popover jp-mod-menu"
      role="menu"
      aria-label={trans.__('More')}
      onKeyDown={press}
    >
      {items.map(({ label, onClick }) => (
        <button
          key={label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class="jp-Workbench-button jp-mod-quiet"
          onClick={() => {
            onClose();
            onClick();
          }}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
