/** The ablate view: systems in variants of attention, trained from scratch and converted. */
import { useEffect, useState } from 'preact/hooks';

import type { AblateResult } from '../../protocol/messages';
import { Bar } from '../parts/bar';
import { Button, Segments } from '../parts/button';
import { useAction, useSurroundings } from '../parts/context';
import { KernelNotice } from '../parts/kernelNotice';
import { KeyList } from '../parts/keyList';
import { Progress } from '../parts/progress';
import { Recorded } from '../parts/recorded';
import { useCopyCode } from '../parts/setupCode';
import { VerdictSection } from '../parts/verdict';
import { Ablate, type Mode } from './ablate';
import { wholeSetup } from './choice';
import { AblateContext, useAblate } from './context';
import { Matrix } from './grid';
import { Inspector } from './inspector';
import { Plots } from './plots';
import { Refusals } from './refusals';
import { Setup } from './setup';
import { figuresOf, sentenceOf } from './verdict';

export function Panel() {
  const { connection, state } = useSurroundings();
  const [ablate, setAblate] = useState<Ablate | null>(null);
  useEffect(() => {
    const made = new Ablate(connection, state);
    setAblate(made);
    return () => made.dispose();
  }, [connection]);
  return (
    ablate && (
      <AblateContext.Provider value={ablate}>
        <Whole />
      </AblateContext.Provider>
    )
  );
}

function Whole() {
  const { trans } = useSurroundings();
  const ablate = useAblate();
  const { result, choice, job } = ablate;
  const setup = wholeSetup(choice);
  const copy = useCopyCode('ablate', setup);
  useAction('run', () => void ablate.start());
  useAction('cancel', () => ablate.isRunning && void ablate.cancel());
  useAction('copy', copy);
  const resumable = job?.status === 'failed' && job.run !== null;
  const resume = { label: trans.__('Go on with the run'), onClick: () => void ablate.resume() };
  return (
    <>
      <Bar about={useAbout()} onCopy={setup ? copy : undefined}>
        <ModeSwitch />
      </Bar>
      <Setup />
      <Refusals />
      <RunProgress />
      <KernelNotice problem={ablate.problem} steps={resumable ? [resume] : []} />
      {result && ablate.recorded && <Recorded seconds={result.seconds} onRun={() => void ablate.runExample()} />}
      {result && <Answer result={result} />}
      <div class="jp-Workbench-body jp-mod-wideInspector">
        <div class="jp-Workbench-evidence">
          {result ? (
            <>
              <Matrix result={result} />
              {result.rows.some(row => row.accuracy) && <Plots result={result} />}
            </>
          ) : (
            <p class="jp-Workbench-note">{trans.__('The matrix appears here and fills as cells finish.')}</p>
          )}
        </div>
        <Inspector />
      </div>
      <KeyList
        keys={[
          ['← → ↑ ↓ Home End', trans.__('move in the matrix')],
          ['Ctrl Home, Ctrl End', trans.__('first and last cell')],
        ]}
      />
    </>
  );
}

function useAbout(): string {
  const { trans } = useSurroundings();
  const { result, recorded } = useAblate();
  return result && !recorded
    ? trans.__('Run %1, %2 of %3 trainings and conversions', result.run, result.cells_done, result.cells)
    : trans.__('Small systems, trained in this kernel');
}

function ModeSwitch() {
  const { trans } = useSurroundings();
  const ablate = useAblate();
  return (
    <Segments<Mode>
      label={trans.__('Mode')}
      value={ablate.mode}
      choices={[
        ['scratch', trans.__('From scratch')],
        ['convert', trans.__('Convert')],
      ]}
      onChange={mode => ablate.setMode(mode)}
    />
  );
}

function RunProgress() {
  const { trans } = useSurroundings();
  const ablate = useAblate();
  const { job, result } = ablate;
  if (job === undefined || job.status === 'failed') {
    return null;
  }
  const done = result?.cells_done ?? job.done;
  const ended =
    job.status === 'cancelled'
      ? trans.__('Cancelled. %1 of %2 cells are kept.', done, result?.cells ?? job.total ?? 0)
      : trans.__('Finished. Saved as run %1.', job.run ?? '');
  return (
    <Progress
      job={job}
      unit={trans.__('cells')}
      stage={job.stage}
      ended={ended}
      onCancel={() => void ablate.cancel()}
    />
  );
}

function Answer({ result }: { result: AblateResult }) {
  const { trans } = useSurroundings();
  const ablate = useAblate();
  return (
    <VerdictSection sentence={sentenceOf(result, ablate.mode, trans)} figures={figuresOf(result, ablate.mode, trans)}>
      {result.status !== 'done' && !ablate.isRunning && (
        <Button label={trans.__('Go on with the run')} onClick={() => void ablate.resume()} />
      )}
    </VerdictSection>
  );
}
