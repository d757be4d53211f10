/** Before and after of one image, the others of its target, and every method with its figures. */
import type { EditMethod, EditResult } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { DifferenceImage } from '../parts/image';
import { range, score } from '../parts/numbers';
import { RampScale } from '../parts/ramp';
import { useEdit } from './context';
import { Slider } from './slider';
import { Thumbnail } from './thumbnail';
import { titleOf } from './verdict';

export function BeforeAndAfter({ result }: { result: EditResult }) {
  const trans = useTrans();
  const edit = useEdit();
  const { cursor } = edit;
  const pair = result.pairs[cursor.pair]!;
  const [before, after] = [edit.image({ ...cursor, method: 'source' }, 'whole'), edit.image(cursor, 'whole')];
  const afterText = cursor.method === 'source' ? pair.source_text : pair.target_text;
  const others = result.seeds.map((_, seed) => seed).filter(seed => seed !== cursor.seed);
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Before and after')}
        <small>
          {trans.__(
            '%1, the same noise, seed %2 of %3; drag, or use the arrow keys',
            titleOf(cursor.method, result, trans),
            cursor.seed + 1,
            result.seeds.length,
          )}
        </small>
      </h3>
      <div class="jp-Workbench-compare">
        <Slider
          before={before}
          after={after}
          beforeText={pair.source_text}
          afterText={afterText}
          alt={trans.__('%1, before and after the edit to %2', result.source, pair.target_text)}
        />
        <div class="jp-Workbench-section">
          <figure>
            <figcaption>{trans.__('Difference')}</figcaption>
            <DifferenceImage from={before} to={after} alt={trans.__('Where the two images differ')} />
            <RampScale limit={1} low={trans.__('darker')} high={trans.__('brighter')} />
          </figure>
          {others.length > 0 && (
            <div role="group" aria-label={trans.__('Other seeds')}>
              <small>{trans.__('Other seeds')}</small>
              <div class="jp-Workbench-thumbnails">
                {others.map(seed => (
                  <Thumbnail key={seed} at={{ ...cursor, seed }} beside={trans.__('seed %1', seed + 1)} />
                ))}
              </div>
            </div>
          )}
        </div>
      </div>
    </section>
  );
}

export function Methods({ result }: { result: EditResult }) {
  const trans = useTrans();
  const heads: [string, string][] = [
    [trans.__('Method'), ''],
    [trans.__('Image'), ''],
    [trans.__('Target F1'), ''],
    [trans.__('Source F1'), ''],
    [trans.__('Words right'), ''],
    [trans.__('SSIM'), ''],
    [trans.__('PSNR, dB'), 'jp-mod-second'],
    [trans.__('Seconds'), 'jp-mod-second'],
  ];
  return (
    <section class="jp-Workbench-section">
      <h3>{trans.__('The same edit by other means')}</h3>
      <div class="jp-Workbench-wide" tabIndex={0} role="group" aria-label={trans.__('Methods compared')}>
        <table class="jp-Workbench-table jp-Workbench-editMethods">
          <thead>
            <tr>
              {heads.map(([head, kind]) => (
                <th key={head} class={kind} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {result.methods.map(one => (
              <Method key={one.method} one={one} result={result} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="jp-Workbench-note">
        {trans.__(
          'Means over %1 targets and %2 seeds, 95 % intervals over the targets. Unrelated words reach an F1 of 0.2 to 0.3. Seconds of one image.',
          result.pairs.length,
          result.seeds.length,
        )}
      </p>
    </section>
  );
}

/** Of two images that are the same, PSNR has no end; the measure stops here. */
const IDENTICAL = 148;

function Method({ one, result }: { one: EditMethod; result: EditResult }) {
  const trans = useTrans();
  const edit = useEdit();
  const { cursor } = edit;
  const figure = (name: 'target_f1' | 'source_f1' | 'word_accuracy' | 'ssim') => {
    const ci = one.ci[name];
    return (
      <td>
        {score(one[name])}
        {ci && name !== 'source_f1' && <small class="jp-mod-second">{range(ci)}</small>}
      </td>
    );
  };
  const chosen = cursor.method === one.method;
  return (
    <tr class={chosen ? 'jp-mod-current' : undefined}>
      <th scope="row">{titleOf(one.method, result, trans)}</th>
      <td>
        <Thumbnail at={{ ...cursor, method: one.method }} />
      </td>
      {figure('target_f1')}
      {figure('source_f1')}
      {figure('word_accuracy')}
      {figure('ssim')}
      <td class="jp-mod-second">{one.psnr >= IDENTICAL ? trans.__('same') : score(one.psnr, 1)}</td>
      <td class="jp-mod-second">{score(one.seconds)}</td>
    </tr>
  );
}
