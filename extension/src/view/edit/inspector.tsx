/** All images of one noise, each target and the source, and the edit as code. */
import type { EditResult } from '../../protocol/messages';
import { Button } from '../parts/button';
import { useTrans } from '../parts/context';
import { SetupCode } from '../parts/setupCode';
import { useEdit } from './context';
import { Thumbnail } from './thumbnail';

export function Inspector() {
  const trans = useTrans();
  const { result, setup } = useEdit();
  return (
    <aside class="jp-Workbench-inspector" tabIndex={-1} aria-label={trans.__('Inspector')}>
      {result && <Batch result={result} />}
      {result && <Sites names={result.found} />}
      <SetupCode view="edit" settings={setup} />
    </aside>
  );
}

function Batch({ result }: { result: EditResult }) {
  const trans = useTrans();
  const edit = useEdit();
  const { cursor } = edit;
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('This batch')}
        <small>{trans.__('seed %1 of %2', cursor.seed + 1, result.seeds.length)}</small>
      </h3>
      {result.seeds.length > 1 && (
        <div class="jp-Workbench-turn">
          <Button bare kind="quiet" icon="back" label={trans.__('Previous seed')} onClick={() => edit.turn(0, -1)} />
          <span>{trans.__('Seed')}</span>
          <Button bare kind="quiet" icon="on" label={trans.__('Next seed')} onClick={() => edit.turn(0, 1)} />
        </div>
      )}
      <div class="jp-Workbench-thumbnails">
        {result.pairs.map((_, place) => (
          <Thumbnail
            key={place}
            at={{ pair: place, seed: cursor.seed, method: cursor.method === 'source' ? 'found' : cursor.method }}
          />
        ))}
        <Thumbnail at={{ pair: cursor.pair, seed: cursor.seed, method: 'source' }} beside={trans.__('source')} />
      </div>
    </section>
  );
}

function Sites({ names }: { names: string[] }) {
  const trans = useTrans();
  return (
    <section class="jp-Workbench-section">
      <h3>{trans.__('Edited at')}</h3>
      <ul>
        {names.map(name => (
          <li key={name}>
            <code class="jp-Workbench-name">{name}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
