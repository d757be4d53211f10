/** Python code of what is shown, with a button that copies it. */
import { Button } from './button';
import { useSurroundings } from './context';

export function CodeBlock({ code }: { code: string }) {
  const { trans, announce } = useSurroundings();
  const copy = (): void => {
    void navigator.clipboard.writeText(code).then(() => announce(trans.__('Copied')));
  };
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('As Python')}
        <Button bare icon="copy" kind="quiet" label={trans.__('Copy this code')} onClick={copy} />
      </h3>
      {/* Scrollable with the keyboard, so it can have the focus. */}
      <pre class="jp-Workbench-code" tabIndex={0}>
        <code>{code}</code>
      </pre>
    </section>
  );
}
