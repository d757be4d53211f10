/** The script of a setup as it is now, written by the kernel: shown, and copied from the bar. */
import { useEffect, useState } from 'preact/hooks';

import { CodeBlock } from './code';
import { useSurroundings, useTrans } from './context';

const WAIT_MILLISECONDS = 300;

/** The code of a view's settings; null settings have none, for something is wrong with them. */
export function SetupCode({ view, settings }: { view: string; settings: object | null }) {
  const { connection } = useSurroundings();
  const [code, setCode] = useState('');
  const { connected } = connection.transport;
  const plain = settings && JSON.stringify(settings);
  useEffect(() => {
    let current = true;
    const load = async (): Promise<void> => {
      const answer = await connection.client.request('code.get', { view, settings: settings! });
      if (current) {
        setCode(answer.payload.code);
      }
    };
    const timer = setTimeout(() => {
      if (connected && settings) {
        // The setup says what is wrong with itself; the code simply stays as it was.
        load().catch(() => undefined);
      }
    }, WAIT_MILLISECONDS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [plain, connected]);
  return code && settings ? <CodeBlock code={code} /> : null;
}

/** Copy the code of a view's settings. */
export function useCopyCode(view: string, settings: object | null): () => void {
  const trans = useTrans();
  return useCode(view, settings, code => navigator.clipboard.writeText(code), trans.__('Copied as Python'));
}

/** Insert the code of a view's settings into the notebook; undefined where there is none. */
export function useInsertCode(view: string, settings: object | null): (() => void) | undefined {
  const { insert, trans } = useSurroundings();
  const inserted = useCode(view, settings, async code => insert?.(code), trans.__('Inserted below the active cell'));
  return insert && settings ? inserted : undefined;
}

function useCode(
  view: string,
  settings: object | null,
  use: (code: string) => Promise<void>,
  said: string,
): () => void {
  const { connection, announce, trans } = useSurroundings();
  const fetchAndUse = async (): Promise<void> => {
    const answer = await connection.client.request('code.get', { view, settings: settings! });
    await use(answer.payload.code);
    announce(said);
  };
  return () =>
    void (settings && fetchAndUse().catch(() => announce(trans.__('No code: the kernel or the clipboard refused.'))));
}
