/** The patching view: find the sites that write the text. */
import { useEffect, useState } from 'preact/hooks';

import { Bar } from '../parts/bar';
import { useAction, useSurroundings } from '../parts/context';
import { GuardChip } from '../parts/guardChip';
import { KernelNotice } from '../parts/kernelNotice';
import { KeyList } from '../parts/keyList';
import type { NextStep } from '../parts/notice';
import type { MenuItem } from '../parts/menu';
import { parameters } from '../parts/numbers';
import { Progress } from '../parts/progress';
import { Recorded } from '../parts/recorded';
import { useCopyCode, useInsertCode } from '../parts/setupCode';
import { VerdictSection } from '../parts/verdict';
import { changesSince, settingsOf } from './choice';
import { PatchingContext, usePatching } from './context';
import { Inspector } from './inspector';
import { KeepSet } from './keepSet';
import { ModelChooser } from './modelChooser';
import { Patching } from './patching';
import { Setup } from './setup';
import { SetImages } from './setImages';
import { SiteTable } from './siteTable';
import { TradeOff } from './tradeOff';
import { figuresOf, sentenceOf } from './verdict';

export function Panel() {
  const { connection, state } = useSurroundings();
  const [patching, setPatching] = useState<Patching | null>(null);
  useEffect(() => {
    const made = new Patching(connection, state);
    setPatching(made);
    return () => made.dispose();
  }, [connection]);
  return (
    patching && (
      <PatchingContext.Provider value={patching}>
        <Whole />
      </PatchingContext.Provider>
    )
  );
}

function Whole() {
  const { trans } = useSurroundings();
  const patching = usePatching();
  const settings = settingsOf(patching.choice);
  const copy = useCopyCode('patching', settings);
  useAction('run', () => void patching.start());
  useAction('cancel', () => patching.isRunning && void patching.cancel());
  useAction('copy', copy);
  useAction('seed-back', () => patching.turn(0, -1));
  useAction('seed-on', () => patching.turn(0, 1));
  useAction('pair-back', () => patching.turn(-1, 0));
  useAction('pair-on', () => patching.turn(1, 0));
  return (
    <>
      <Bar about={useAbout(patching)} onCopy={settings ? copy : undefined} more={useMore(patching)}>
        <ModelChooser />
        <GuardChip model={patching.choice.model} />
      </Bar>
      {!patching.setupHidden && <Setup />}
      <RunProgress />
      <KernelNotice problem={patching.problem} steps={nextSteps(patching, trans.__('Go on with the run'))} />
      <Answer />
      <div class="jp-Workbench-body">
        <div class="jp-Workbench-evidence">
          <SiteTable />
          {patching.result && (
            <div class="jp-Workbench-two">
              <TradeOff />
              <SetImages />
            </div>
          )}
        </div>
        <Inspector />
      </div>
      <KeyList
        keys={[
          ['↑ ↓ Home End', trans.__('move in the table')],
          [trans.__('Space'), trans.__('select a site')],
          [trans.__('Shift ↑ ↓'), trans.__('select sites in passing')],
          ['[ ]', trans.__('previous, next seed')],
          [', .', trans.__('previous, next pair')],
        ]}
      />
    </>
  );
}

function useMore(patching: Patching): MenuItem[] {
  const { announce, open, trans } = useSurroundings();
  const { result, setupHidden } = patching;
  const insert = useInsertCode('patching', settingsOf(patching.choice));
  const copy = (run: string): void => {
    void navigator.clipboard.writeText(run).then(() => announce(trans.__('Copied')));
  };
  return [
    {
      label: setupHidden ? trans.__('Show the setup') : trans.__('Hide the setup'),
      onClick: () => patching.hideSetup(!setupHidden),
    },
    ...(insert ? [{ label: trans.__('Insert below the active cell'), onClick: insert }] : []),
    ...(result && !patching.recorded.isShown
      ? [{ label: trans.__('Copy the id of the run'), onClick: () => copy(result.run) }]
      : []),
    ...(open ? [{ label: trans.__('All runs'), onClick: () => open('runs', {}) }] : []),
  ];
}

function useAbout(patching: Patching): string {
  const { trans } = useSurroundings();
  const map = patching.siteMap;
  if (map === null) {
    return patching.choice.model ? trans.__('Reading its sites …') : '';
  }
  const sites = trans._n('%1 site', '%1 sites', map.sites.length);
  return trans.__('%1, %2, %3 parameters', map.family, sites, parameters(map.total_parameters));
}

function RunProgress() {
  const { trans } = useSurroundings();
  const patching = usePatching();
  const { job, result } = patching;
  if (job === undefined || job.status === 'failed') {
    return null;
  }
  const stages: Record<string, string> = {
    forecast: trans.__('getting ready'),
    screening: trans.__('screening all sites'),
    singles: trans.__('each site alone'),
    details: trans.__('heads or steps'),
    nested: trans.__('sets of sites'),
    control: trans.__('random sets'),
  };
  const kept = result ? result.pairs_done : 0;
  const ended =
    job.status === 'cancelled'
      ? trans.__(
          'Cancelled. %1 images are kept, %2 of %3 pairs are whole. The model is unchanged.',
          job.done,
          kept,
          result?.pairs.length ?? 0,
        )
      : trans.__('Finished. Saved as run %1.', job.run ?? '');
  return (
    <Progress
      job={job}
      unit={job.stage === 'screening' ? trans.__('pairs') : trans.__('images')}
      stage={stages[job.stage] ?? job.stage}
      ended={ended}
      onCancel={() => void patching.cancel()}
    />
  );
}

function nextSteps(patching: Patching, label: string): NextStep[] {
  return patching.job?.status === 'failed' && patching.job.run
    ? [{ label, onClick: () => void patching.resume() }]
    : [];
}

function Answer() {
  const { trans } = useSurroundings();
  const patching = usePatching();
  const { result, chosen, choice } = patching;
  if (result === null) {
    return null;
  }
  const changes = patching.isRunning || patching.recorded.isShown ? [] : changesSince(result, choice);
  const unfinished = result.status !== 'done' && !patching.isRunning;
  return (
    <>
      {patching.recorded.isShown && <Recorded seconds={result.seconds} onRun={() => void patching.recorded.run()} />}
      <VerdictSection
        sentence={sentenceOf(result, chosen, trans)}
        figures={figuresOf(result, chosen, choice.margin, trans)}
      >
        <KeepSet />
        {unfinished && (
          <button type="button" class="jp-Workbench-button" onClick={() => void patching.resume()}>
            {trans.__('Go on with the run')}
          </button>
        )}
      </VerdictSection>
      {changes.length > 0 && (
        <p class="jp-Workbench-stale">
          {trans.__('Run %1; changed since: ', result.run)}
          {changes.map(([name, before, now]) => `${name}: ${before} → ${now}`).join(', ')}
        </p>
      )}
    </>
  );
}
