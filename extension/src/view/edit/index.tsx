/** The edit view: change the text at the found sites, and keep toxic words out there. */
import { useEffect, useState } from 'preact/hooks';

import type { EditResult } from '../../protocol/messages';
import { Bar } from '../parts/bar';
import { useAction, useSurroundings } from '../parts/context';
import { GuardChip } from '../parts/guardChip';
import { KernelNotice } from '../parts/kernelNotice';
import { KeyList } from '../parts/keyList';
import { Progress } from '../parts/progress';
import { Recorded } from '../parts/recorded';
import { useCopyCode } from '../parts/setupCode';
import { VerdictSection } from '../parts/verdict';
import { changesSince } from './choice';
import { BeforeAndAfter, Methods } from './comparison';
import { EditContext, useEdit } from './context';
import { Edit } from './edit';
import { Guard } from './guard';
import { Inspector } from './inspector';
import { Setup } from './setup';
import { figuresOf, sentenceOf } from './verdict';

export function Panel() {
  const { connection, state } = useSurroundings();
  const [edit, setEdit] = useState<Edit | null>(null);
  useEffect(() => {
    const made = new Edit(connection, state);
    setEdit(made);
    return () => made.dispose();
  }, [connection]);
  return (
    edit && (
      <EditContext.Provider value={edit}>
        <Whole />
      </EditContext.Provider>
    )
  );
}

function Whole() {
  const { trans } = useSurroundings();
  const edit = useEdit();
  const { model, setup, result } = edit;
  const copy = useCopyCode('edit', setup);
  useAction('run', () => void edit.start());
  useAction('cancel', () => edit.isRunning && void edit.cancel());
  useAction('copy', copy);
  useAction('seed-back', () => edit.turn(0, -1));
  useAction('seed-on', () => edit.turn(0, 1));
  useAction('pair-back', () => edit.turn(-1, 0));
  useAction('pair-on', () => edit.turn(1, 0));
  return (
    <>
      <Bar about={useAbout()} onCopy={setup ? copy : undefined}>
        <GuardChip model={model} />
      </Bar>
      <Setup />
      <JobProgress />
      <KernelNotice problem={edit.problem} />
      {result && <Answer result={result} />}
      <div class="jp-Workbench-body">
        <div class="jp-Workbench-evidence">
          {result ? (
            <>
              <BeforeAndAfter result={result} />
              <Methods result={result} />
            </>
          ) : (
            <p class="jp-Workbench-note">{trans.__('The picture before and after appears here after an edit.')}</p>
          )}
          <Guard />
        </div>
        <Inspector />
      </div>
      <KeyList
        keys={[
          ['← →', trans.__('move the border by 1 %, with Shift by 10 %')],
          ['[ ]', trans.__('previous, next seed')],
          [', .', trans.__('previous, next target')],
        ]}
      />
    </>
  );
}

function useAbout(): string {
  const { trans } = useSurroundings();
  const { model, models } = useEdit();
  const entry = models.find(({ source, name }) => source === model?.source && name === model.name);
  if (!entry || entry.sites === null) {
    return model?.name ?? '';
  }
  return trans.__('%1, %2, %3', entry.name, entry.family, trans._n('%1 site', '%1 sites', entry.sites));
}

function JobProgress() {
  const { trans } = useSurroundings();
  const edit = useEdit();
  const { job } = edit;
  if (job === undefined || job.status === 'failed') {
    return null;
  }
  const stages: Record<string, string> = {
    'opening the model': trans.__('opening the model'),
    editing: trans.__('editing'),
  };
  const ended =
    job.status === 'cancelled'
      ? trans.__('Cancelled. What was made is kept among the runs, to go on with. The model is unchanged.')
      : trans.__('Finished. Saved as run %1. The model is unchanged.', job.run ?? '');
  return (
    <Progress
      job={job}
      unit={trans.__('images')}
      stage={stages[job.stage] ?? job.stage}
      ended={ended}
      onCancel={() => void edit.cancel()}
    />
  );
}

function Answer({ result }: { result: EditResult }) {
  const { trans } = useSurroundings();
  const { choice, isRunning, recorded } = useEdit();
  const changes = isRunning || recorded ? [] : changesSince(result, choice);
  return (
    <>
      {recorded && <Recorded />}
      <VerdictSection sentence={sentenceOf(result, trans)} figures={figuresOf(result, trans)} />
      {result.given && (
        <p class="jp-Workbench-note">
          {trans.__('The image came from a file: before the edit, it is shown as the model draws it again.')}
        </p>
      )}
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
