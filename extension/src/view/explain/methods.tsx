/** Methods on the same texts: a small strip each, how exact and how faithful it is, what it costs, and the control. */
import type { ComparedMethod } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { count, percent, score } from '../parts/numbers';
import { useExplain } from './context';
import { SmallStrip } from './strip';

export function Methods({ methods, limit }: { methods: ComparedMethod[]; limit: number }) {
  const trans = useTrans();
  const { cursor } = useExplain();
  const heads = [
    trans.__('Method'),
    trans.__('Gap'),
    trans.__('Comprehensiveness ↑'),
    trans.__('Sufficiency ↓'),
    trans.__('Random weights'),
    trans.__('Passes'),
    trans.__('Seconds'),
  ];
  return (
    <section class="jp-Workbench-section">
      <h3>{trans.__('Methods on the same texts')}</h3>
      <div class="jp-Workbench-wide" tabIndex={0} role="group" aria-label={trans.__('Comparison of methods')}>
        <table class="jp-Workbench-table jp-Workbench-methods">
          <thead>
            <tr>
              {heads.map(head => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {methods.map(one => (
              <Method key={one.method} one={one} text={cursor.text} limit={limit} />
            ))}
          </tbody>
        </table>
      </div>
      <p class="jp-Workbench-note">
        {trans.__(
          'Means over the texts. Erasure favours methods that erase, leave one out and Shapley sampling first. Read every figure against the random scores.',
        )}
      </p>
    </section>
  );
}

function Method({ one, text, limit }: { one: ComparedMethod; text: number; limit: number }) {
  const trans = useTrans();
  const shown = (value: number | null, decimals = 2): string => (value === null ? '–' : score(value, decimals));
  const strip = one.texts[text] ?? one.texts[0];
  const title = one.control ? trans.__('%1 (control)', one.title) : one.title;
  return (
    <tr class={one.control ? 'jp-mod-control' : undefined}>
      <th scope="row">
        <span>{title}</span>
        {strip && <SmallStrip text={strip} limit={limit} />}
      </th>
      <td>{one.gap === null ? '–' : percent(one.gap, 1)}</td>
      <td>{shown(one.comprehensiveness)}</td>
      <td>{shown(one.sufficiency)}</td>
      <td>{shown(one.randomised)}</td>
      <td>{one.passes === null ? '–' : count(Math.round(one.passes))}</td>
      <td>{shown(one.seconds)}</td>
    </tr>
  );
}
