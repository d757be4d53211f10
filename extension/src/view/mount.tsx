/** Draws a view into an element: the same one in a panel and in a notebook cell. */
import { type ComponentType, render } from 'preact';
import { useEffect, useState } from 'preact/hooks';

import { Connection } from './connection';
import { SurroundingsContext } from './parts/context';
import { Notice } from './parts/notice';
import type { Mounting } from './view';
import { findView } from './views';

/** Draw the view and return a function that takes it away, with all that it holds. */
export function mount(mounting: Mounting): () => void {
  const { el, transport, trans } = mounting;
  const connection = new Connection(transport, trans);
  el.classList.add('jp-Workbench');
  const watchTyping = (): void => void el.classList.toggle('jp-mod-typing', isTyping());
  // Deferred: while the focus moves, nothing has it.
  const later = (): void => void setTimeout(watchTyping);
  el.addEventListener('focusin', later);
  el.addEventListener('focusout', later);
  render(<Mounted mounting={mounting} connection={connection} />, el);
  return () => {
    el.removeEventListener('focusin', later);
    el.removeEventListener('focusout', later);
    render(null, el);
    connection.dispose();
  };
}

/** Single letters are commands only outside of text fields. */
function isTyping(): boolean {
  const focus = document.activeElement;
  return focus instanceof HTMLElement && focus.matches('input:not([type=checkbox]), textarea, select');
}

function Mounted({ mounting, connection }: { mounting: Mounting; connection: Connection }) {
  const { trans, state } = mounting;
  const [said, announce] = useState('');
  const onAction = mounting.onAction ?? (() => () => undefined);
  const Panel = useLoaded(mounting.view);
  const title = findView(mounting.view)?.title(trans) ?? mounting.view;
  return (
    <SurroundingsContext.Provider
      value={{ connection, state, trans, open: mounting.open, insert: mounting.insert, onAction, announce }}
    >
      <section class="jp-Workbench-panel" aria-label={title}>
        {Panel && <Panel />}
        {Panel === null && (
          <Notice
            problem={{
              type: 'failed',
              message: trans.__('There is no view "%1" here.', mounting.view),
              hint: trans.__('Update the package, then reload the page.'),
            }}
          />
        )}
        <div role="status" class="jp-Workbench-status">
          {said}
        </div>
      </section>
    </SurroundingsContext.Provider>
  );
}

/** The component of a view: undefined while its code is fetched, null if there is none. */
function useLoaded(name: string): ComponentType | null | undefined {
  const [loaded, setLoaded] = useState<{ Panel: ComponentType } | null>();
  useEffect(() => {
    const view = findView(name);
    if (view === undefined) {
      setLoaded(null);
    } else {
      view.load().then(setLoaded, () => setLoaded(null));
    }
  }, [name]);
  return loaded ? loaded.Panel : loaded;
}
