/** A small image with what was read in it; it goes into the slider when it is pressed. */
import { useTrans } from '../parts/context';
import { PixelImage } from '../parts/image';
import { useEdit } from './context';
import type { Cursor } from './edit';
import { titleOf } from './verdict';

export function Thumbnail({ at, beside }: { at: Cursor; beside?: string }) {
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
  const right = measured.exact === 1 ? trans.__('right') : trans.__('asked: %1', text);
  const caption = beside ?? (at.method === 'source' ? '' : right);
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
        <small>{caption}</small>
      </span>
    </button>
  );
}
