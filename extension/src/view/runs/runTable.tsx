/** One row for each run: when, of what kind and model, its answer, how far it is, and what it took. */
import { useRef } from 'preact/hooks';

import type { RunEntry } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { Button } from '../parts/button';
import { useSurroundings, useTrans } from '../parts/context';
import { Icon } from '../parts/icon';
import { count, duration, moment } from '../parts/numbers';
import { findView } from '../views';
import { useRuns } from './context';
import { fits, readFilter } from './filter';
import { outcomeWords } from './replays';
import { canResume, useOpenRun } from './useOpenRun';
import { lookAtInspector, useRunKeys } from './useRunKeys';

export function RunTable() {
  const { connection, trans } = useSurroundings();
  const runs = useRuns();
  const grid = useRef<HTMLDivElement>(null);
  const shown = useShownRuns();
  const press = useRunKeys(runs, grid, shown);
  if (runs.entries === null) {
    const waiting = connection.transport.connected
      ? trans.__('Reading the store …')
      : trans.__('The kernel is starting …');
    return <p class="jp-Workbench-note">{runs.problem ? '' : waiting}</p>;
  }
  if (runs.entries.length === 0) {
    return (
      <p class="jp-Workbench-note">
        {trans.__('Nothing was run in %1 yet. Runs of panels, notebooks and the command line appear here.', folder())}
      </p>
    );
  }
  const heads = [
    trans.__('Started'),
    trans.__('Kind'),
    trans.__('Model'),
    trans.__('Result'),
    trans.__('State'),
    trans.__('Cells'),
    trans.__('Took'),
    '',
  ];
  const tab = shown.find(({ run }) => run === runs.cursor) ?? shown[0];
  return (
    <>
      <div
        ref={grid}
        class="jp-Workbench-runs"
        role="grid"
        aria-label={trans.__('Runs')}
        aria-multiselectable
        aria-rowcount={runs.entries.length}
        onKeyDown={press}
      >
        <div class="jp-Workbench-row jp-mod-head" role="row">
          {heads.map(head => (
            <div key={head} role="columnheader" aria-label={head || trans.__('What may be done')}>
              {head}
            </div>
          ))}
        </div>
        {shown.map(entry => (
          <Row key={entry.run} entry={entry} reachable={entry === tab} />
        ))}
      </div>
      {shown.length === 0 && <p class="jp-Workbench-note">{trans.__('No run fits what is looked for.')}</p>}
    </>
  );

  function folder(): string {
    return connection.hello?.store ?? '';
  }
}

/** The runs that fit what is looked for. */
export function useShownRuns(): RunEntry[] {
  const trans = useTrans();
  const { entries, line } = useRuns();
  const filter = readFilter(line);
  const shown = (entry: RunEntry): RunEntry => ({ ...entry, answer: answerOf(entry, trans) });
  return (entries ?? []).filter(entry => fits(filter, shown(entry), titleOf(entry, trans)));
}

/** One line about a run: its result, why it failed, or how it compares with the run that it replays. */
function answerOf({ answer, replay }: RunEntry, trans: Trans): string {
  return replay ? trans.__('replay of %1: %2', replay.run.slice(-4), outcomeWords(replay, trans)) : answer;
}

/** The name of the panel that opens a run; of other runs their verb. */
export function titleOf(entry: RunEntry, trans: Trans): string {
  return findView(entry.view)?.title(trans) ?? entry.verb;
}

function Row({ entry, reachable }: { entry: RunEntry; reachable: boolean }) {
  const trans = useTrans();
  const runs = useRuns();
  const selected = runs.selected.includes(entry.run);
  const state = useStateWord(entry);
  const open = useOpenRun(entry);
  const title = titleOf(entry, trans);
  const answer = answerOf(entry, trans);
  const place = useRef<HTMLDivElement>(null);
  const cursor = runs.cursor === entry.run;
  return (
    <div
      ref={place}
      class={`jp-Workbench-row${selected ? ' jp-mod-selected' : ''}${cursor ? ' jp-mod-cursor' : ''}`}
      role="row"
      aria-selected={selected}
      aria-label={[title, entry.model, moment(entry.created), state, answer].filter(Boolean).join(', ')}
      data-run={entry.run}
      data-state={entry.status}
      tabIndex={reachable ? 0 : -1}
      onClick={() => runs.moveCursor(entry.run)}
      onFocus={() => cursor || runs.moveCursor(entry.run)}
      onDblClick={() => open.refused || open.open()}
    >
      <div role="gridcell" class="jp-Workbench-site" title={entry.run}>
        <span
          class="jp-Workbench-box"
          aria-hidden="true"
          onClick={event => {
            event.stopPropagation();
            runs.toggle(entry.run);
          }}
        />
        {moment(entry.created)}
      </div>
      <div role="gridcell">{title}</div>
      <div role="gridcell" class="jp-mod-text" title={entry.model}>
        {entry.model}
      </div>
      <div role="gridcell" class="jp-mod-text" title={answer}>
        {answer}
      </div>
      <div role="gridcell" class="jp-Workbench-runState">
        <StateIcon status={entry.status} />
        {state}
      </div>
      <div role="gridcell" class="jp-mod-figure">
        {count(entry.cells)}
      </div>
      <div role="gridcell" class="jp-mod-figure">
        {duration(entry.seconds, trans)}
      </div>
      <div role="gridcell" class="jp-mod-figure">
        {entry.status === 'failed' ? (
          <Button label={trans.__('Why')} tabIndex={-1} onClick={() => lookAtInspector(place.current)} />
        ) : canResume(entry) ? (
          <Button label={trans.__('Resume')} tabIndex={-1} onClick={() => void runs.resume(entry.run)} />
        ) : (
          <Button label={trans.__('Open')} tabIndex={-1} refused={open.refused} onClick={open.open} />
        )}
      </div>
    </div>
  );
}

function StateIcon({ status }: { status: string }) {
  if (status === 'done') {
    return <Icon name="done" kind="done" />;
  }
  return status === 'failed' ? <Icon name="bad" kind="bad" /> : <Icon name={status === 'running' ? 'run' : 'stop'} />;
}

/** The state of a run in words; of one that a panel of this kernel works on, how far it is. */
export function useStateWord(entry: RunEntry): string {
  const { connection, trans } = useSurroundings();
  const words: Record<string, string> = {
    running: trans.__('Running'),
    interrupted: trans.__('Stopped'),
    failed: trans.__('Failed'),
    done: trans.__('Done'),
  };
  const job = connection.allJobs().findLast(one => one.run === entry.run && one.status === 'running');
  if (job?.total) {
    return trans.__('Running, %1 of %2', count(job.done), count(job.total));
  }
  return words[entry.status] ?? entry.status;
}
