/** The head of the table of sites; three of its columns order the rows. */
import { useTrans } from '../parts/context';
import { ForestHead } from '../parts/forest';
import { usePatching } from './context';
import type { Sort } from './patching';
import type { Table } from './table';

export function SiteHead({ table }: { table: Table }) {
  const trans = useTrans();
  const { pair, seed } = usePatching();
  return (
    <div class="jp-Workbench-row jp-mod-head" role="row">
      <SortHead by="site" label={trans.__('Site')} />
      <div role="columnheader" aria-label={trans.__('Effect as a plot')}>
        <ForestHead at={table.at} reference={trans.__('all')} />
      </div>
      <SortHead by="effect" label={trans.__('Effect')} />
      <div role="columnheader" class="jp-mod-figure jp-mod-interval">
        {trans.__('95 % CI')}
      </div>
      <SortHead by="drift" label={trans.__('Drift')} />
      {table.heat && (
        <div role="columnheader" class="jp-mod-heat">
          {table.heat.title}
        </div>
      )}
      <div role="columnheader" class="jp-mod-picture">
        {trans.__('Pair %1, seed %2', pair + 1, seed + 1)}
      </div>
    </div>
  );
}

/** A column that can order the rows: sites as in the model, the largest effect or the smallest drift first. */
function SortHead({ by, label }: { by: Sort; label: string }) {
  const trans = useTrans();
  const patching = usePatching();
  const sorted = patching.sort === by;
  return (
    <div
      role="columnheader"
      class={by === 'site' ? undefined : 'jp-mod-figure'}
      aria-sort={sorted ? (by === 'effect' ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        class="jp-Workbench-sort"
        title={trans.__('Order the rows by this column')}
        onClick={() => patching.sortBy(by)}
      >
        {label}
      </button>
    </div>
  );
}
