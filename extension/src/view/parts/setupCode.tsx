/** The script of a setup as it is now, written by the kernel: shown, and copied from the bar. */
import { useEffect, useState } from 'preact/hooks';

import { CodeBlock } from './code';
import { useSurroundings } from './context';

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
  const { connection, announce, trans } = useSurroundings();
  const copy = async (): Promise<void> => {
    const answer = await connection.client.request('code.get', { view, settings: settings! });
    await navigator.clipboard.writeText(answer.payload.code);
    announce(trans.__('Copied as Python'));
  };
  return () => void (settings && copy().catch(() => announce(trans.__('It could not be copied.'))));
}
