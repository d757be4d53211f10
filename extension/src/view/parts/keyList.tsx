/** The keys of a panel, shown under `?`: those of every view, and those of its own grid. */
import { useState } from 'preact/hooks';

import { Button } from './button';
import { useAction, useTrans } from './context';

export function KeyList({ keys }: { keys: [string, string][] }) {
  const trans = useTrans();
  const [open, setOpen] = useState(false);
  useAction('keys', () => setOpen(!open));
  if (!open) {
    return null;
  }
  const every: [string, string][] = [
    ['Ctrl Enter', trans.__('run')],
    ['I, I', trans.__('cancel')],
    ...keys,
    ['Enter, Esc', trans.__('to the inspector, and back')],
    ['T', trans.__('charts as tables')],
    ['C', trans.__('copy as Python')],
  ];
  return (
    <section class="jp-Workbench-keys" aria-label={trans.__('Keys')}>
      <dl>
        {every.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <Button label={trans.__('Close')} onClick={() => setOpen(false)} />
    </section>
  );
}
