/** The keys of the panel, shown under `?`. */
import { useState } from 'preact/hooks';

import { Button } from '../parts/button';
import { useAction, useTrans } from '../parts/context';

export function Keys() {
  const trans = useTrans();
  const [open, setOpen] = useState(false);
  useAction('keys', () => setOpen(!open));
  if (!open) {
    return null;
  }
  const keys = [
    ['Ctrl Enter', trans.__('run')],
    ['I, I', trans.__('cancel')],
    ['↑ ↓ Home End', trans.__('move in the table')],
    [trans.__('Space'), trans.__('select a site')],
    [trans.__('Shift ↑ ↓'), trans.__('select sites in passing')],
    ['Enter, Esc', trans.__('to the inspector, and back')],
    ['[ ]', trans.__('previous, next seed')],
    [', .', trans.__('previous, next pair')],
    ['T', trans.__('charts as tables')],
    ['C', trans.__('copy as Python')],
  ];
  return (
    <section class="jp-Workbench-keys" aria-label={trans.__('Keys')}>
      <dl>
        {keys.map(([key, does]) => (
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
