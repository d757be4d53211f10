/** All settings, versions and results of two runs; different ones are bold, equal ones are counted. */
import { useState } from 'preact/hooks';

import { Button } from '../parts/button';
import { useTrans } from '../parts/context';
import { useRuns } from './context';
import { outcomeWords, ReplayButton } from './replays';
import type { Comparison } from './runs';

export function Differences({ comparison }: { comparison: Comparison }) {
  const trans = useTrans();
  const [only, setOnly] = useState(false);
  const { keys, runs } = comparison;
  const all = useRuns();
  const equal = keys.filter(line => line.equal).length;
  const outcomes = runs.map(run => all.outcomeOf(run));
  const replayable = runs.flatMap(run => all.entry(run) ?? []).filter(entry => entry.replayable);
  return (
    <section class="jp-Workbench-section jp-mod-below">
      <h3>
        {trans.__('What differs')}
        <small>{trans.__('Bold differs; %1 of %2 are equal.', equal, keys.length)}</small>
        {replayable.length === 2 && <ReplayButton label={trans.__('Replay both')} entries={replayable} />}
        <Button label={trans.__('Hide equal ones')} pressed={only} onClick={() => setOnly(!only)} />
      </h3>
      <div class="jp-Workbench-wide" tabIndex={0} role="group" aria-label={trans.__('What differs')}>
        <table class="jp-Workbench-table jp-Workbench-differences">
          <thead>
            <tr>
              <th scope="col">{trans.__('Key')}</th>
              {runs.map(run => (
                <th key={run} scope="col">
                  {run}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {keys
              .filter(line => !only || !line.equal)
              .map(line => (
                <tr key={line.key} class={line.equal ? undefined : 'jp-mod-differs'}>
                  <th scope="row">{line.key}</th>
                  <td>{line.left}</td>
                  <td>{line.right}</td>
                </tr>
              ))}
            {outcomes.some(outcome => outcome !== null) && (
              <tr>
                <th scope="row">{trans.__('Replay')}</th>
                {outcomes.map((outcome, place) => (
                  <td key={place}>{outcome ? outcomeWords(outcome, trans) : '–'}</td>
                ))}
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}
