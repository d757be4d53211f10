/** Keeps the chosen sites as a found set under a name, for Edit, Guard and Adapter. */
import { useState } from 'preact/hooks';

import { RequestError } from '../../protocol/client';
import { Button } from '../parts/button';
import { useSurroundings } from '../parts/context';
import { TextField } from '../parts/fields';
import { findView } from '../views';
import { scoreOf } from './localization';
import { usePatching } from './context';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/;

export function KeepSet() {
  const { connection, trans, announce } = useSurroundings();
  const patching = usePatching();
  const { result, chosen, combining } = patching;
  const selected = result && combining.selection.length > 0 && scoreOf(result, combining.selection);
  const kept = selected || chosen;
  const [name, setName] = useState<string | null>(null);
  const [said, setSaid] = useState('');
  const [last, setLast] = useState<string | null>(null);
  const [taken, setTaken] = useState(false);
  if (!result || !kept || patching.recorded.isShown || result.status === 'running') {
    return null;
  }
  const usual = `${result.model}-${kept.sites.join('-')}`.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, 80);
  const save = async (replace: boolean): Promise<void> => {
    const request = { run: result.run, sites: kept.sites, name: name ?? usual, ...(replace ? { replace } : {}) };
    try {
      const answer = await connection.client.request('patching.keep', request);
      setLast(request.name);
      setName(null);
      setTaken(false);
      setSaid(trans.__('Kept as %1', answer.payload.path));
      announce(trans.__('Found set kept'));
    } catch (error) {
      if (error instanceof RequestError) {
        setTaken(error.problem.type === 'input');
        setSaid(`${error.problem.message} ${error.problem.hint}`);
      }
    }
  };
  if (name === null) {
    return (
      <>
        {said && <small class="jp-Workbench-said">{said}</small>}
        {last !== null && <Uses found={last} />}
        <Button icon="keep" label={trans.__('Keep as found set')} onClick={() => [setName(usual), setSaid('')]} />
      </>
    );
  }
  const fits = NAME.test(name);
  const wrong = fits
    ? said
      ? { message: said, ...(taken ? { label: trans.__('Replace it'), repair: () => void save(true) } : {}) }
      : null
    : { message: trans.__('Use letters, digits, dot, dash and underscore.') };
  return (
    <div class="jp-Workbench-keep">
      <TextField
        label={trans.__('Name of the found set')}
        value={name}
        wrong={wrong}
        onChange={text => [setName(text), setSaid('')]}
      />
      <Button
        kind="primary"
        label={trans.__('Keep')}
        refused={fits ? undefined : trans.__('The name does not fit.')}
        onClick={() => void save(false)}
      />
      <Button kind="quiet" label={trans.__('Do not keep')} onClick={() => [setName(null), setSaid('')]} />
    </div>
  );
}

/** What a kept set is for: the panels that take one, opened with it; they run nothing by themselves. */
function Uses({ found }: { found: string }) {
  const { connection, open, trans } = useSurroundings();
  const uses = [
    ['edit', trans.__('Edit text')],
    ['adapter', trans.__('Train adapter')],
  ] as const;
  const there = uses.filter(([view]) => open && findView(view) && connection.hello?.views.includes(view));
  return (
    <>
      {there.map(([view, label]) => (
        <Button key={view} label={label} onClick={() => open?.(view, { choice: { found } })} />
      ))}
    </>
  );
}
