/** The heads of a site, each patched alone: its effect is printed on the ramp, and its images are shown on request. */
import { useRef } from 'preact/hooks';

import type { ArmScore, PatchingResult, Site } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { range, score } from '../parts/numbers';
import { rampLevel, RampScale } from '../parts/ramp';
import { usePatching } from './context';
import { headLimit, headsOf, scoreOf } from './localization';

const COLUMNS = 4;

export function Heads({ result, site }: { result: PatchingResult; site: Site }) {
  const trans = useTrans();
  const patching = usePatching();
  const grid = useRef<HTMLDivElement>(null);
  const scores = headsOf(result, site.index);
  const whole = scoreOf(result, [site.index]);
  const shown = scores.has(patching.head ?? -1) ? patching.head : null;
  const limit = headLimit(result);
  const show = (head: number | null): void => {
    patching.showHead(head);
    grid.current?.querySelector<HTMLElement>(`[data-head="${head ?? 'all'}"]`)?.focus();
  };
  const heads = Array.from({ length: site.heads }, (_, head) => head);
  const rows = heads.filter(head => head % COLUMNS === 0).map(first => heads.slice(first, first + COLUMNS));
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Heads')}
        <small>{trans.__('each patched alone')}</small>
      </h3>
      <div
        ref={grid}
        class="jp-Workbench-heads"
        role="grid"
        aria-label={trans.__('Effect of each head of site %1', site.index)}
        onKeyDown={event => press(event, [...scores.keys()], shown, show)}
      >
        <div role="row">
          <Cell name={trans.__('Whole site')} head={null} one={whole} shown={shown === null} onShow={show} />
        </div>
        {rows.map(row => (
          <div role="row" key={row[0]}>
            {row.map(head => (
              <Cell
                key={head}
                name={trans.__('Head %1', head)}
                head={head}
                one={scores.get(head)}
                shown={head === shown}
                limit={limit}
                onShow={show}
              />
            ))}
          </div>
        ))}
      </div>
      <p class="jp-Workbench-note jp-mod-spread">
        <span>{trans.__('Effect; one scale for all sites.')}</span>
        <RampScale limit={limit} />
      </p>
    </section>
  );
}

interface CellProps {
  name: string;
  head: number | null;
  one: ArmScore | undefined;
  /** Its images are those that the inspector shows. */
  shown: boolean;
  /** Of the ramp; a cell without one has no colour. */
  limit?: number;
  onShow(head: number | null): void;
}

/** A head, or the whole site; one that is not measured yet cannot be shown. */
function Cell({ name, head, one, shown, limit, onShow }: CellProps) {
  const trans = useTrans();
  const single = usePatching().result?.pairs.length === 1;
  if (one === undefined) {
    return (
      <div role="gridcell" aria-label={trans.__('%1: not measured yet', name)}>
        <small>{name}</small>
        <span class="jp-Workbench-cell jp-mod-empty">…</span>
      </div>
    );
  }
  const effect = trans.__('%1: effect %2, drift %3', name, score(one.effect), score(one.drift));
  const clipped = limit !== undefined && Math.abs(one.effect) > limit ? ' jp-mod-clipped' : '';
  return (
    <div
      role="gridcell"
      class={shown ? 'jp-mod-cursor' : undefined}
      data-head={head ?? 'all'}
      aria-selected={shown}
      aria-label={single ? effect : trans.__('%1, interval %2', effect, range(one.ci))}
      tabIndex={shown ? 0 : -1}
      onClick={() => onShow(head)}
    >
      <small>{name}</small>
      <span
        class={`jp-Workbench-cell${clipped}`}
        data-level={limit === undefined ? undefined : rampLevel(one.effect, limit)}
      >
        {score(one.effect)}
      </span>
    </div>
  );
}

/** Arrows move among the measured heads; the whole site is above the first row. */
function press(
  event: KeyboardEvent,
  heads: readonly number[],
  shown: number | null,
  show: (head: number | null) => void,
): void {
  const all = [null, ...heads];
  const at = all.indexOf(shown);
  const goals: Record<string, number | null | undefined> = {
    ArrowLeft: all[at - 1],
    ArrowRight: all[at + 1],
    ArrowUp: shown !== null && shown >= COLUMNS ? shown - COLUMNS : null,
    ArrowDown: shown === null ? all[1] : shown + COLUMNS,
    Home: null,
    End: all.at(-1),
  };
  if (!(event.key in goals) || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const goal = goals[event.key];
  if (goal !== undefined && all.includes(goal)) {
    show(goal);
  }
  event.preventDefault();
  event.stopPropagation();
}
