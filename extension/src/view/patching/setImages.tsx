/** What the sets draw: one column for each set, one row for each seed, and what OCR read under each. */
import { useTrans } from '../parts/context';
import { PixelImage } from '../parts/image';
import { usePatching } from './context';
import { keyOf } from './localization';
import { useShownImage } from './useShownImage';

const ROWS = 4;

export function SetImages() {
  const trans = useTrans();
  const { result, chosen, pair } = usePatching();
  const columns = columnsOf();
  const seeds = result!.seeds.slice(0, ROWS).map((_, place) => place);
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('What the sets draw')}
        <small>{trans.__('pair %1, by seed', pair + 1)}</small>
      </h3>
      <div class="jp-Workbench-gallery" role="grid" aria-label={trans.__('Images by set and seed')}>
        <div role="row">
          {columns.map(column => (
            <div key={column.arm} role="columnheader" title={column.title}>
              {column.title}
            </div>
          ))}
        </div>
        {seeds.map(seed => (
          <div key={seed} role="row">
            {columns.map(column => (
              <Cell key={column.arm} arm={column.arm} seed={seed} />
            ))}
          </div>
        ))}
      </div>
    </section>
  );

  function columnsOf(): { arm: string; title: string }[] {
    const { baseline, all_sites, trade_off } = result!;
    const nested = chosen && !trade_off.some(one => keyOf(one.sites) === keyOf(chosen.sites)) ? [chosen] : [];
    const one = trade_off[0];
    const set = chosen ?? trade_off.find(each => each.sites.length > 1);
    return [
      ...(baseline ? [{ arm: baseline.arm, title: trans.__('Source') }] : []),
      ...[one, ...nested, set]
        .filter((each, place, all) => each !== undefined && all.findIndex(other => other?.arm === each.arm) === place)
        .map(each => ({
          arm: each!.arm,
          title: trans._n('Site %2', '%1 sites: %2', each!.sites.length, each!.sites.join(', ')),
        })),
      ...(all_sites ? [{ arm: all_sites.arm, title: trans.__('All sites') }] : []),
    ];
  }
}

function Cell({ arm, seed }: { arm: string; seed: number }) {
  const image = useShownImage(arm, { seedPlace: seed });
  return (
    <div role="gridcell">
      <PixelImage image={image.loaded} alt={image.alt} />
      <code class="jp-Workbench-read">{image.loaded?.text ?? ''}</code>
    </div>
  );
}
