/** The adapter view: train on the found sites alone, compare with the base, export with a proof. */
import { useEffect, useState } from 'preact/hooks';

import type { AdapterResult } from '../../protocol/messages';
import { Bar } from '../parts/bar';
import { Button } from '../parts/button';
import { useAction, useSurroundings } from '../parts/context';
import { GuardChip } from '../parts/guardChip';
import { KernelNotice } from '../parts/kernelNotice';
import { KeyList } from '../parts/keyList';
import { Progress } from '../parts/progress';
import { useCopyCode } from '../parts/setupCode';
import { VerdictSection } from '../parts/verdict';
import { Adapter } from './adapter';
import { changesSince } from './choice';
import { Comparison } from './comparison';
import { AdapterContext, useAdapter } from './context';
import { Inspector } from './inspector';
import { Loss } from './loss';
import { Samples } from './samples';
import { Setup } from './setup';
import { figuresOf, sentenceOf } from './verdict';

export function Panel() {
  const { connection, state } = useSurroundings();
  const [adapter, setAdapter] = useState<Adapter | null>(null);
  useEffect(() => {
    const made = new Adapter(connection, state);
    setAdapter(made);
    return () => made.dispose();
  }, [connection]);
  return (
    adapter && (
      <AdapterContext.Provider value={adapter}>
        <Whole />
      </AdapterContext.Provider>
    )
  );
}

function Whole() {
  const { trans } = useSurroundings();
  const adapter = useAdapter();
  const { result, job, setup } = adapter;
  const copy = useCopyCode('adapter', setup);
  const turn = (by: number): void => {
    const { length } = result?.compared ?? [];
    adapter.moveCursor(Math.max(0, Math.min(length - 1, adapter.scene + by)));
  };
  useAction('run', () => void adapter.start());
  useAction('cancel', () => adapter.isRunning && void adapter.cancel());
  useAction('copy', copy);
  useAction('seed-back', () => turn(-1));
  useAction('seed-on', () => turn(1));
  const resumable = job?.status === 'failed' && job.run !== null;
  const resume = { label: trans.__('Go on with the training'), onClick: () => void adapter.resume() };
  return (
    <>
      <Bar about={useAbout()} onCopy={setup ? copy : undefined}>
        <GuardChip model={adapter.model} />
      </Bar>
      <Setup />
      <TrainingState />
      <KernelNotice problem={adapter.problem} steps={resumable ? [resume] : []} />
      {result && <Answer result={result} />}
      <div class="jp-Workbench-body">
        <div class="jp-Workbench-evidence">
          <Evidence />
        </div>
        <Inspector />
      </div>
      <KeyList keys={[['[ ]', trans.__('previous, next noise')]]} />
    </>
  );
}

function useAbout(): string {
  const { trans } = useSurroundings();
  const { result, model } = useAdapter();
  if (result) {
    return trans.__('Run %1, sites %2 of %3', result.run, result.sites.join(', '), result.model);
  }
  return model ? trans.__('%1, base for adapters', model.name) : '';
}

function TrainingState() {
  const { trans } = useSurroundings();
  const adapter = useAdapter();
  const { job, result } = adapter;
  if (job === undefined || job.status === 'failed') {
    return null;
  }
  const stages: Record<string, string> = {
    'opening the model': trans.__('opening the model'),
    'drawing samples': trans.__('samples before training'),
    training: trans.__('training'),
    comparing: trans.__('comparing with the base'),
  };
  const steps = result?.losses.length ?? 0;
  const ended =
    job.status === 'cancelled'
      ? trans.__('Cancelled. %1 of %2 steps are kept. The model is unchanged.', steps, result?.steps ?? 0)
      : trans.__('Finished. Saved as run %1. The model is unchanged.', job.run ?? '');
  return (
    <Progress
      job={job}
      unit={job.stage === 'comparing' ? trans.__('images') : trans.__('steps')}
      stage={stages[job.stage] ?? job.stage}
      ended={ended}
      onCancel={() => void adapter.cancel()}
    />
  );
}

function Answer({ result }: { result: AdapterResult }) {
  const { trans } = useSurroundings();
  const adapter = useAdapter();
  const { setup, isRunning } = adapter;
  const changes = setup && !isRunning ? changesSince(result.setup, setup) : [];
  return (
    <>
      <VerdictSection sentence={sentenceOf(result, trans)} figures={figuresOf(result, trans)}>
        {result.status !== 'done' && !isRunning && (
          <Button label={trans.__('Go on with the training')} onClick={() => void adapter.resume()} />
        )}
      </VerdictSection>
      {result.notes.map(note => (
        <p key={note} class="jp-Workbench-stale">
          {note}
        </p>
      ))}
      {changes.length > 0 && (
        <p class="jp-Workbench-stale">
          {trans.__('Run %1; changed since: ', result.run)}
          {changes.map(([name, before, now]) => `${name}: ${before} → ${now}`).join(', ')}
        </p>
      )}
    </>
  );
}

function Evidence() {
  const { trans } = useSurroundings();
  const { result } = useAdapter();
  if (result === null || result.losses.length === 0) {
    return <p class="jp-Workbench-note">{trans.__('Loss and samples appear here while it trains.')}</p>;
  }
  return (
    <>
      <Loss losses={result.losses} steps={result.steps} />
      <Samples result={result} />
      <Comparison result={result} />
    </>
  );
}
