/** Runs that are run again to see whether they make the same images. */
import type { Replay, RunEntry } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { Button } from '../parts/button';
import { useTrans } from '../parts/context';
import { count, duration } from '../parts/numbers';
import { Progress } from '../parts/progress';
import { useRuns } from './context';
import type { Runs } from './runs';

/** Replays one run or both of a comparison; they took as long as they will take again. */
export function ReplayButton({ label, entries }: { label: string; entries: RunEntry[] }) {
  const trans = useTrans();
  const runs = useRuns();
  const seconds = entries.reduce((sum, entry) => sum + entry.seconds, 0);
  return (
    <Button
      label={trans.__('%1, about %2', label, duration(seconds, trans))}
      refused={runs.isRunning ? trans.__('Another run of this panel is going on.') : undefined}
      onClick={() => void runs.replay(entries.map(({ run }) => run))}
    />
  );
}

/** How far the replay is, and how it came out. */
export function ReplayProgress() {
  const trans = useTrans();
  const runs = useRuns();
  const job = runs.job!;
  const last = runs.entry(job.run)?.replay;
  // What went wrong is said in a notice; the list with the outcome may still be on its way.
  if (job.status === 'failed' || (job.status === 'done' && !last)) {
    return null;
  }
  const cancelled = trans.__('Cancelled. What was stored is as it was. The model is unchanged.');
  return (
    <Progress
      job={job}
      unit={trans.__('images')}
      stage={trans.__('Replay, %1', job.stage)}
      ended={job.status === 'cancelled' ? cancelled : endedWords(runs, last?.run ?? '', trans)}
      onCancel={() => void runs.cancel()}
    />
  );
}

function endedWords(runs: Runs, last: string, trans: Trans): string {
  const replayed = runs.replayed.length > 0 ? runs.replayed : [last];
  const words = replayed.map(run => {
    const outcome = runs.outcomeOf(run);
    return outcome ? trans.__('Run %1 replayed: %2.', run, outcomeWords(outcome, trans)) : '';
  });
  return words.join(' ');
}

/** How the images of a replay compare with the stored ones. */
export function outcomeWords({ images, identical, max_difference }: Replay, trans: Trans): string {
  return identical === images
    ? trans.__('same images')
    : trans.__(
        '%1 of %2 images differ, by at most %3 of 255 grey levels',
        count(images - identical),
        count(images),
        max_difference,
      );
}
