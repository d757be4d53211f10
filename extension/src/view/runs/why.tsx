/** Why a run failed, how far it had come, and the stack trace to copy. */
import type { Problem, RunEntry } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { Button } from '../parts/button';
import { useSurroundings } from '../parts/context';
import { copyDetails } from '../parts/notice';
import { count } from '../parts/numbers';
import { useRuns } from './context';

export function Why({ entry }: { entry: RunEntry }) {
  const { trans } = useSurroundings();
  const { why } = useRuns();
  if (why?.run !== entry.run) {
    return null;
  }
  return (
    <section class="jp-Workbench-section jp-Workbench-why">
      <h3>{trans.__('Why it failed')}</h3>
      {why.failure ? (
        <Reason failure={why.failure} />
      ) : (
        <p>
          {trans.__('This was not kept: an older version stored the run. Resume it to see whether it fails again.')}
        </p>
      )}
      <p>{howFar(why.cells, why.expected, trans)}</p>
    </section>
  );
}

function Reason({ failure }: { failure: Problem }) {
  const { announce, trans } = useSurroundings();
  const copy = (): void => void copyDetails(failure).then(() => announce(trans.__('Copied')));
  return (
    <>
      <p>
        <strong>{failure.message}</strong> {failure.hint}
      </p>
      <div class="jp-Workbench-acts">
        <Button label={trans.__('Copy details')} onClick={copy} />
      </div>
    </>
  );
}

function howFar(cells: number, expected: number | null, trans: Trans): string {
  if (cells === 0) {
    return trans.__('It failed before anything was done.');
  }
  return expected === null
    ? trans._n('It came to %1 cell, which is kept.', 'It came to %1 cells, which are kept.', cells)
    : trans.__('It came to %1 of %2 cells, which are kept.', count(cells), count(expected));
}
