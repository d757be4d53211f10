/** A small image that goes into the slider when it is pressed. */
import { useTrans } from '../parts/context';
import { PixelImage } from '../parts/image';
import { useEdit } from './context';
import type { Cursor } from './edit';
import { titleOf } from './verdict';

export function Thumbnail({ at, caption }: { at: Cursor; caption: string }) {
  const trans = useTrans();
  const edit = useEdit();
  const result = edit.result!;
  const { cursor } = edit;
  const measured = edit.measured(at);
  if (measured === undefined) {
    return <span>–</span>;
  }
  const pair = result.pairs[at.pair]!;
  const text = at.method === 'source' ? pair.source_text : pair.target_text;
  const read = measured.text ? trans.__('reads %1', measured.text) : trans.__('no text read');
  const alt = trans.__('%1; %2; seed %3; %4', text, titleOf(at.method, result, trans), at.seed + 1, read);
  return (
    <button
      type="button"
      class="jp-Workbench-thumbnail"
      aria-pressed={at.pair === cursor.pair && at.seed === cursor.seed && at.method === cursor.method}
      title={trans.__('Show it in the slider')}
      onClick={() => edit.moveCursor(at)}
    >
      <PixelImage image={edit.image(at)} alt={alt} />
      <span class="jp-Workbench-reading" aria-hidden="true">
        <code>{measured.text || '–'}</code>
        <small>{caption || (measured.exact === 1 && at.method !== 'source' ? trans.__('right') : '')}</small>
      </span>
    </button>
  );
}
