/** What an adapter file says of itself: its header alone is read, and all of it is a stranger's text. */
import { useState } from 'preact/hooks';

import { RequestError } from '../../protocol/client';
import type { AdapterFile, Problem } from '../../protocol/messages';
import { Button } from '../parts/button';
import { useSurroundings, useTrans } from '../parts/context';
import { TextField } from '../parts/fields';
import { Icon } from '../parts/icon';
import { Notice } from '../parts/notice';
import { count, score } from '../parts/numbers';
import { useAdapter } from './context';

export function HeaderForm() {
  const { connection, trans } = useSurroundings();
  const { model } = useAdapter();
  const [path, setPath] = useState('');
  const [file, setFile] = useState<AdapterFile | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const show = async (): Promise<void> => {
    setFile(null);
    setProblem(null);
    try {
      const request = { path: path.trim(), ...(model ? { model } : {}) };
      const answer = await connection.client.request('adapter.show', request);
      setFile(answer.payload);
    } catch (error) {
      if (!(error instanceof RequestError)) {
        throw error;
      }
      setProblem(error.problem);
    }
  };
  const refused = path.trim() ? undefined : trans.__('Name a file first.');
  return (
    <section class="jp-Workbench-section" aria-label={trans.__('Another adapter file')}>
      <h3>{trans.__('Another adapter file')}</h3>
      <TextField
        label={trans.__('File, or folder that peft wrote')}
        value={path}
        onChange={text => setPath(text.slice(0, 400))}
      />
      <div class="jp-Workbench-turn">
        <Button label={trans.__('Show its header')} refused={refused} onClick={() => void show()} />
      </div>
      {problem && <Notice problem={problem} />}
      {file && <FileFacts file={file} />}
    </section>
  );
}

export function FileFacts({ file }: { file: AdapterFile }) {
  const trans = useTrans();
  const ranks = [...new Set(file.modules.map(({ rank }) => rank))].sort((one, other) => one - other);
  const unstated = trans.__('not stated');
  const proofOf = (proof: NonNullable<AdapterFile['proof']>): string =>
    trans.__('difference %1, effect %2', difference(proof.round_trip_max_difference), score(proof.effect));
  const facts: [string, string][] = [
    [trans.__('File'), file.name],
    [trans.__('Size'), trans.__('%1 kB, %2', (file.bytes / 1000).toFixed(1), file.format)],
    [trans.__('Modules'), trans.__('%1, rank %2', count(file.modules.length), ranks.join(', '))],
    [trans.__('Weights'), count(file.parameters)],
    [trans.__('Base model'), file.model || unstated],
    [trans.__('Found set'), file.sites.length > 0 ? trans.__('sites %1', file.sites.join(', ')) : unstated],
    [trans.__('Effect of the set'), file.effect === null ? unstated : score(file.effect)],
    [trans.__('Licence'), file.licence || unstated],
    [trans.__('Proof'), file.proof ? proofOf(file.proof) : trans.__('none')],
  ];
  return (
    <>
      {file.same_model === false && (
        <p class="jp-Workbench-warning">
          <Icon name="warn" kind="warn" />
          {trans.__('It was made for other weights than those of the chosen model.')}
        </p>
      )}
      <dl class="jp-Workbench-facts jp-mod-file">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd title={value}>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** The largest difference of a pixel; equal images differ by nothing at all. */
export function difference(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}
