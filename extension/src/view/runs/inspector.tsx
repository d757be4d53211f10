/** The run under the cursor: its facts, what may be done with it, and the question before it is deleted. */
import { useEffect, useRef } from 'preact/hooks';

import type { RunEntry } from '../../protocol/messages';
import { Button } from '../parts/button';
import { useSurroundings, useTrans } from '../parts/context';
import { bytes, count, duration, moment } from '../parts/numbers';
import { useRuns } from './context';
import { outcomeWords, ReplayButton } from './replays';
import { titleOf, useShownRuns, useStateWord } from './runTable';
import { canResume, useOpenRun } from './useOpenRun';
import { Why } from './why';

export function Inspector() {
  const trans = useTrans();
  const runs = useRuns();
  const entry = runs.entry(runs.cursor);
  return (
    <aside class="jp-Workbench-inspector" tabIndex={-1} aria-label={trans.__('Inspector')}>
      {entry ? (
        <Facts entry={entry} />
      ) : (
        <p class="jp-Workbench-note">{trans.__('Choose a row to see what may be done with the run.')}</p>
      )}
    </aside>
  );
}

function Facts({ entry }: { entry: RunEntry }) {
  const trans = useTrans();
  const replayed = useRuns().outcomeOf(entry.run);
  const facts: [string, string][] = [
    [trans.__('Kind'), titleOf(entry, trans)],
    [trans.__('Model'), entry.model],
    [trans.__('State'), useStateWord(entry)],
    [trans.__('Started'), moment(entry.created)],
    [trans.__('Took'), duration(entry.seconds, trans)],
    [trans.__('Cells'), count(entry.cells)],
    ...(entry.answer && entry.status !== 'failed' ? [factOf(trans.__('Result'), entry.answer)] : []),
    ...(entry.replay ? [factOf(trans.__('Replay of %1', entry.replay.run), outcomeWords(entry.replay, trans))] : []),
    ...(replayed ? [factOf(trans.__('Replayed'), outcomeWords(replayed, trans))] : []),
  ];
  return (
    <section class="jp-Workbench-section">
      <h3>
        <code>{entry.run}</code>
      </h3>
      <dl class="jp-Workbench-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {entry.status === 'failed' && <Why entry={entry} />}
      <Actions entry={entry} />
    </section>
  );
}

function factOf(name: string, value: string): [string, string] {
  return [name, value];
}

function Actions({ entry }: { entry: RunEntry }) {
  const { announce, trans } = useSurroundings();
  const runs = useRuns();
  const open = useOpenRun(entry);
  if (runs.doomed?.run === entry.run) {
    return <Question />;
  }
  const copy = (): void => {
    void navigator.clipboard.writeText(entry.run).then(() => announce(trans.__('Copied')));
  };
  return (
    <div class="jp-Workbench-acts">
      <Button label={trans.__('Open')} refused={open.refused} onClick={open.open} />
      {canResume(entry) && <Button label={trans.__('Resume')} onClick={() => void runs.resume(entry.run)} />}
      {entry.replayable && <ReplayButton label={trans.__('Replay')} entries={[entry]} />}
      <Button label={trans.__('Copy id')} onClick={copy} />
      <Button label={trans.__('Delete …')} onClick={() => void runs.askToDelete(entry.run)} />
    </div>
  );
}

function Question() {
  const trans = useTrans();
  const runs = useRuns();
  const shown = useShownRuns();
  const { run, images, bytes: size } = runs.doomed!;
  const place = useRef<HTMLDivElement>(null);
  // The safe answer has the focus.
  useEffect(() => place.current?.querySelector('button')?.focus(), []);
  const leave = async (act: () => void | Promise<void>): Promise<void> => {
    const panel = place.current?.closest('.jp-Workbench');
    await act();
    // The table gets the focus back; after a deletion its row is another one.
    requestAnimationFrame(() => panel?.querySelector<HTMLElement>('[role=grid] [tabindex="0"]')?.focus());
  };
  const question = trans._n('Delete run %2? %1 image, %3.', 'Delete run %2? %1 images, %3.', images, run, bytes(size));
  return (
    <div
      ref={place}
      class="jp-Workbench-question"
      role="alertdialog"
      aria-label={question}
      onKeyDown={event => event.key === 'Escape' && void leave(() => runs.spare())}
    >
      <p>
        <strong>{question}</strong> {trans.__('This cannot be undone.')}
      </p>
      <Button label={trans.__('Keep it')} onClick={() => void leave(() => runs.spare())} />
      <Button label={trans.__('Delete')} onClick={() => void leave(() => runs.deleteDoomed(shown))} />
    </div>
  );
}
