/** The view of runs: everything in the store, to open, resume, compare or delete. */
import { useEffect, useState } from 'preact/hooks';

import { Bar } from '../parts/bar';
import { Button } from '../parts/button';
import { useAction, useSurroundings, useTrans } from '../parts/context';
import { Field } from '../parts/fields';
import { KernelNotice } from '../parts/kernelNotice';
import { KeyList } from '../parts/keyList';
import { Progress } from '../parts/progress';
import { ComparisonSection } from './comparison';
import { RunsContext, useRuns } from './context';
import { readFilter, wrongTime } from './filter';
import { Inspector } from './inspector';
import { ReplayProgress } from './replays';
import { Runs } from './runs';
import { RunTable, useShownRuns } from './runTable';

export function Panel() {
  const { connection, state } = useSurroundings();
  const [runs, setRuns] = useState<Runs | null>(null);
  useEffect(() => {
    const made = new Runs(connection, state);
    setRuns(made);
    return () => made.dispose();
  }, [connection]);
  return (
    runs && (
      <RunsContext.Provider value={runs}>
        <Whole />
      </RunsContext.Provider>
    )
  );
}

function Whole() {
  const { trans } = useSurroundings();
  const runs = useRuns();
  useAction('cancel', () => runs.isRunning && void runs.cancel());
  return (
    <>
      <Bar about={useAbout()}>
        <Button label={trans.__('Reload')} onClick={() => void runs.reload()} />
      </Bar>
      <FindField />
      {runs.isReplay ? <ReplayProgress /> : <Resumed />}
      <KernelNotice problem={runs.problem} />
      <div class="jp-Workbench-body">
        <div class="jp-Workbench-evidence">
          <RunTable />
          <ComparisonSection />
        </div>
        <Inspector />
      </div>
      <KeyList
        keys={[
          ['↑ ↓ Home End', trans.__('move in the table')],
          [trans.__('Space'), trans.__('choose for the comparison')],
          ['Enter', trans.__('open the run')],
          ['R', trans.__('go on with the run')],
          ['W', trans.__('why the run failed')],
          [trans.__('Delete'), trans.__('ask, then delete the run')],
        ]}
      />
    </>
  );
}

function useAbout(): string {
  const { connection, trans } = useSurroundings();
  const { entries } = useRuns();
  if (entries === null) {
    return '';
  }
  const running = entries.filter(({ status }) => status === 'running').length;
  const all = trans._n('%1 run', '%1 runs', entries.length);
  const store = connection.hello?.store ?? '';
  return running > 0 ? trans.__('%1, %2 running; %3', all, running, store) : trans.__('%1; %2', all, store);
}

function FindField() {
  const trans = useTrans();
  const runs = useRuns();
  const shown = useShownRuns();
  const time = wrongTime(readFilter(runs.line));
  const wrong =
    time === undefined ? null : { message: trans.__('"%1" is no time; write it like 2026-11-26T14:30.', time) };
  return (
    <div class="jp-Workbench-setup jp-mod-find" role="group" aria-label={trans.__('Setup')}>
      <Field label={trans.__('Find, in words or with model: kind: state: after:')} wrong={wrong}>
        {given => (
          <input
            {...given}
            class="jp-Workbench-input"
            type="search"
            spellcheck={false}
            placeholder={trans.__('model:glyph state:done after:2026-11')}
            value={runs.line}
            onInput={event => runs.find(event.currentTarget.value)}
          />
        )}
      </Field>
      {runs.entries && <small>{trans.__('%1 of %2 shown', shown.length, runs.entries.length)}</small>}
    </div>
  );
}

/** The run that was resumed from here. */
function Resumed() {
  const trans = useTrans();
  const runs = useRuns();
  const { job } = runs;
  if (job === undefined || job.status === 'failed') {
    return null;
  }
  const ended =
    job.status === 'cancelled'
      ? trans.__('Cancelled. What was done of run %1 is kept. The model is unchanged.', job.run ?? '')
      : trans.__('Finished run %1.', job.run ?? '');
  return (
    <Progress job={job} unit={trans.__('cells')} stage={job.stage} ended={ended} onCancel={() => void runs.cancel()} />
  );
}
