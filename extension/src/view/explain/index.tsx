/** The explain view: which words a classifier's decision rests on, and how far that can be trusted. */
import { useEffect, useState } from 'preact/hooks';

import type { ExplainResult } from '../../protocol/messages';
import { Bar } from '../parts/bar';
import { Button } from '../parts/button';
import { useAction, useSurroundings } from '../parts/context';
import { KernelNotice } from '../parts/kernelNotice';
import { KeyList } from '../parts/keyList';
import { Progress } from '../parts/progress';
import { RampScale, rampLimit } from '../parts/ramp';
import { Recorded } from '../parts/recorded';
import { useCopyCode } from '../parts/setupCode';
import { VerdictSection } from '../parts/verdict';
import { wholeSetup } from './choice';
import { ExplainContext, useExplain } from './context';
import { Convergence } from './convergence';
import { Explain } from './explain';
import { Inspector } from './inspector';
import { Methods } from './methods';
import { Setup } from './setup';
import { Strip } from './strip';
import { figuresOf, sentenceOf } from './verdict';

export function Panel() {
  const { connection, state } = useSurroundings();
  const [explain, setExplain] = useState<Explain | null>(null);
  useEffect(() => {
    const made = new Explain(connection, state);
    setExplain(made);
    return () => made.dispose();
  }, [connection]);
  return (
    explain && (
      <ExplainContext.Provider value={explain}>
        <Whole />
      </ExplainContext.Provider>
    )
  );
}

function Whole() {
  const { trans } = useSurroundings();
  const explain = useExplain();
  const { choice, result, comparison } = explain;
  const setup = wholeSetup(choice);
  const settings = setup && { ...setup, ...(comparison ? { methods: [] } : {}) };
  const copy = useCopyCode('explain', settings);
  useAction('run', () => void explain.start());
  useAction('cancel', () => explain.isRunning && void explain.cancel());
  useAction('copy', copy);
  const about = result
    ? trans.__('%1, %2, baseline %3', result.classifier, result.title, result.baseline)
    : choice.classifier;
  return (
    <>
      <Bar about={about} onCopy={setup ? copy : undefined}>
        {!explain.recorded && <ShowWords />}
      </Bar>
      <Setup />
      <JobProgress />
      <KernelNotice problem={explain.problem} />
      {explain.recorded && <Recorded onRun={() => void explain.runExample()} />}
      {result && <Answer result={result} />}
      <div class="jp-Workbench-body">
        <div class="jp-Workbench-evidence">
          <Evidence />
        </div>
        <Inspector />
      </div>
      <KeyList
        keys={[
          ['← → Home End', trans.__('move in the strip')],
          [trans.__('Delete'), trans.__('take a word away')],
          ['Ctrl Z', trans.__('bring it back')],
        ]}
      />
    </>
  );
}

/** Masked words are not in the browser: they are asked for, for this view only, and forgotten with it. */
function ShowWords() {
  const { trans } = useSurroundings();
  const explain = useExplain();
  return (
    <Button
      label={trans.__('Show toxic words')}
      pressed={explain.shown}
      onClick={() => void explain.setShown(!explain.shown)}
    />
  );
}

function JobProgress() {
  const { trans } = useSurroundings();
  const explain = useExplain();
  const { job } = explain;
  if (job === undefined || job.status === 'failed') {
    return null;
  }
  const title = explain.options?.methods.find(({ name }) => name === job.stage)?.title ?? '';
  const ended =
    job.status === 'cancelled'
      ? trans.__('Cancelled. What was explained is kept. The model is unchanged.')
      : trans.__('Finished in %1 s.', job.elapsed.toFixed(1));
  return (
    <Progress
      job={job}
      unit={explain.comparing ? trans.__('methods') : trans.__('texts')}
      stage={title}
      ended={ended}
      onCancel={() => void explain.cancel()}
    />
  );
}

function Answer({ result }: { result: ExplainResult }) {
  const { trans } = useSurroundings();
  const { cursor } = useExplain();
  const text = result.texts[cursor.text];
  return text ? (
    <VerdictSection sentence={sentenceOf(result, text, trans)} figures={figuresOf(result, text, trans)} />
  ) : null;
}

function Evidence() {
  const { trans } = useSurroundings();
  const { result, comparison, cursor } = useExplain();
  const methods = comparison?.methods ?? [];
  const texts = result?.texts ?? [];
  // One scale for all that is compared: that of the chosen method, beyond which others are marked as clipped.
  const every = texts.length > 0 ? texts : methods.flatMap(one => one.texts);
  const limit = rampLimit(every.flatMap(text => text.words.map(word => word.score)));
  const curved = texts[cursor.text];
  if (every.length === 0) {
    return <p class="jp-Workbench-note">{trans.__('Words appear here with their values once a text is explained.')}</p>;
  }
  return (
    <>
      {texts.length > 0 && (
        <section class="jp-Workbench-section">
          {texts.map((text, place) => (
            <Strip key={place} text={text} place={place} limit={limit} />
          ))}
          <p class="jp-Workbench-note jp-mod-spread">
            <span>{trans.__('Bars up: towards the target; down: away from it. Logits.')}</span>
            <RampScale limit={limit} />
          </p>
        </section>
      )}
      {curved && curved.curve.length > 1 && <Convergence text={curved} bound={result!.bound} />}
      {methods.length > 0 && <Methods methods={methods} limit={limit} />}
    </>
  );
}
