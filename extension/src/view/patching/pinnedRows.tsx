/** The rows on top: the selected sites patched together, all sites, and the random sets. */
import { useTrans } from '../parts/context';
import { ForestRow } from '../parts/forest';
import { range, score } from '../parts/numbers';
import { usePatching } from './context';
import { randomBand } from './localization';
import { ScoreCells } from './siteRow';
import { rowScore, type Table } from './table';

export function PinnedRows({ table }: { table: Table }) {
  const trans = useTrans();
  const patching = usePatching();
  const { result } = patching;
  const { selection } = patching.combining;
  const size = result?.random_sets[0]?.sites.length ?? 0;
  return (
    <>
      {selection.length > 0 && (
        <Pinned
          row="selected"
          table={table}
          name={trans.__('Selected: %1', selection.join(', '))}
          about={useSelectedAbout()}
        />
      )}
      {result && (
        <Pinned
          row="all"
          table={table}
          name={trans.__('All sites')}
          about={trans._n('%1 site', '%1 sites', table.map.sites.length)}
        />
      )}
      {result && result.random_sets.length > 0 && (
        <RandomRow table={table} about={trans.__('%1 draws of %2', result.random_sets.length, size)} />
      )}
    </>
  );
}

function useSelectedAbout(): string {
  const trans = useTrans();
  const patching = usePatching();
  const { job } = patching.combining;
  if (rowScore(patching, 'selected')) {
    return trans.__('patched together');
  }
  if (job?.status === 'running' || job?.status === 'queued') {
    return trans.__('%1 of %2 images', job.done, job.total ?? '…');
  }
  if (patching.recorded.isShown) {
    return trans.__('patched together once it runs here');
  }
  return patching.result?.status === 'done' ? trans.__('not patched yet') : trans.__('patched together after the run');
}

function Pinned(props: { row: 'selected' | 'all'; table: Table; name: string; about: string }) {
  const patching = usePatching();
  const one = rowScore(patching, props.row);
  const label = one ? `${props.name}: ${score(one.effect)}, ${range(one.ci)}` : `${props.name}: ${props.about}`;
  const cursor = patching.cursor === props.row;
  return (
    <div
      class={`jp-Workbench-row jp-mod-pinned${props.row === 'selected' ? ' jp-mod-selected' : ''}${cursor ? ' jp-mod-cursor' : ''}`}
      role="row"
      aria-level={1}
      aria-label={label}
      data-row={props.row}
      tabIndex={props.table.tab === props.row ? 0 : -1}
      onClick={() => patching.moveCursor(props.row)}
    >
      <div role="gridcell" class="jp-Workbench-site jp-mod-pinned">
        {props.name}
        <small>{props.about}</small>
      </div>
      <ScoreCells row={props.row} table={props.table} />
    </div>
  );
}

function RandomRow({ table, about }: { table: Table; about: string }) {
  const trans = useTrans();
  const patching = usePatching();
  const random = randomBand(patching.result!)!;
  const cursor = patching.cursor === 'random' ? ' jp-mod-cursor' : '';
  const name = trans.__('Random sets');
  return (
    <div
      class={`jp-Workbench-row jp-mod-pinned${cursor}`}
      role="row"
      aria-level={1}
      data-row="random"
      tabIndex={table.tab === 'random' ? 0 : -1}
      onClick={() => patching.moveCursor('random')}
      aria-label={`${name}: ${score(random.mean)}, ${range(random.band)}`}
    >
      <div role="gridcell" class="jp-Workbench-site jp-mod-pinned">
        {name}
        <small>{about}</small>
      </div>
      <div role="gridcell" class="jp-mod-plot">
        <ForestRow at={table.at} mean={random.mean} ci={random.band} />
      </div>
      <div role="gridcell" class="jp-mod-figure">
        <b>{score(random.mean)}</b>
      </div>
      <div role="gridcell" class="jp-mod-figure jp-mod-interval">
        {range(random.band)}
      </div>
      <div role="gridcell" class="jp-mod-figure">
        {score(random.drift)}
      </div>
    </div>
  );
}
