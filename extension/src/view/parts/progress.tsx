/** How far a job is; Cancel stands far from where Run was. */
import { useEffect } from 'preact/hooks';

import type { Job } from '../../protocol/messages';
import { Button } from './button';
import { useSurroundings } from './context';
import { Icon } from './icon';
import { count, duration } from './numbers';

const SAY_SECONDS = 10;

export function Progress(props: {
  job: Job;
  /** What is counted, such as "images". */
  unit: string;
  /** The stage in words. */
  stage: string;
  /** One line for a job that has ended. */
  ended: string;
  onCancel(): void;
}) {
  const { trans } = useSurroundings();
  const { job } = props;
  const active = job.status === 'queued' || job.status === 'running';
  useAnnouncements(props.job, props.unit, props.ended);
  if (!active) {
    return (
      <div class="jp-Workbench-progress" data-state={job.status}>
        <Icon name={job.status === 'done' ? 'done' : 'warn'} kind={job.status === 'done' ? 'done' : 'warn'} />
        <span>{props.ended}</span>
      </div>
    );
  }
  const total = job.total ?? 0;
  const sayable =
    total > 0 ? trans.__('%1 of %2 %3', count(job.done), count(total), props.unit) : trans.__('Not counted yet');
  return (
    <div class="jp-Workbench-progress" data-state={job.status}>
      <span>{job.status === 'queued' ? trans.__('Waiting for the job before it') : sayable}</span>
      <small>{props.stage}</small>
      <div
        class="jp-Workbench-progressBar"
        role="progressbar"
        aria-label={trans.__('Progress')}
        aria-valuemin={0}
        aria-valuemax={total || 1}
        aria-valuenow={Math.min(job.done, total || 1)}
        aria-valuetext={sayable}
      >
        <i style={{ width: `${total > 0 ? Math.min(100, (100 * job.done) / total) : 0}%` }} />
      </div>
      <small>
        {job.left === null
          ? duration(job.elapsed, trans)
          : trans.__('%1, about %2 left', duration(job.elapsed, trans), duration(job.left, trans))}
      </small>
      <Button icon="stop" label={trans.__('Cancel')} onClick={props.onCancel} />
    </div>
  );
}

/** Say the start, then every tenth of the work or every ten seconds, whichever is slower, and the end. */
function useAnnouncements(job: Job, unit: string, ended: string): void {
  const { announce, trans } = useSurroundings();
  const tenth = job.total ? Math.floor((10 * job.done) / job.total) : 0;
  const steps = Math.min(tenth, Math.floor(job.elapsed / SAY_SECONDS));
  useEffect(() => {
    if (job.status === 'running') {
      announce(trans.__('Running: %1 of %2 %3', job.done, job.total ?? '?', unit));
    } else if (job.status !== 'queued') {
      announce(ended);
    }
  }, [job.job, job.status, steps]);
}
