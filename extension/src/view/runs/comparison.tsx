/** Two runs side by side: their layer profiles on one axis, what they draw, and what differs. */
import { useEffect, useState } from 'preact/hooks';

import type { ImageRef, PatchingResult } from '../../protocol/messages';
import { type Images, imagesOfRun } from '../images';
import { Button } from '../parts/button';
import { Chart, DataTable } from '../parts/chart';
import { useAction, useSurroundings, useTrans } from '../parts/context';
import { PixelImage } from '../parts/image';
import { score } from '../parts/numbers';
import { useRuns } from './context';
import { Differences } from './differences';
import { isRelative, type ProfilePoint, profileOf } from './profiles';

export function ComparisonSection() {
  const trans = useTrans();
  const { comparison, selected } = useRuns();
  if (comparison === null) {
    return (
      <p class="jp-Workbench-note jp-mod-spread">
        {selected.length === 1
          ? trans.__('Choose a second run to compare the two.')
          : trans.__('Choose two runs with their boxes, or with Space, to compare them.')}
      </p>
    );
  }
  return (
    <>
      {comparison.reading && (
        <p class="jp-Workbench-note jp-mod-spread">{trans.__('Reading the profiles of both runs …')}</p>
      )}
      {comparison.results && (
        <div class="jp-Workbench-two">
          <Overlay results={comparison.results} />
          <section class="jp-Workbench-section">
            <h3>{trans.__('What they draw')}</h3>
            {comparison.results.map(result => (
              <Drawn key={result.run} result={result} />
            ))}
          </section>
        </div>
      )}
      <Differences comparison={comparison} />
    </>
  );
}

function Overlay({ results }: { results: [PatchingResult, PatchingResult] }) {
  const trans = useTrans();
  const [table, setTable] = useState(false);
  useAction('table', () => setTable(!table));
  const relative = isRelative(results);
  const profiles = results.map(result => profileOf(result, relative)) as [ProfilePoint[], ProfilePoint[]];
  const names = results.map(({ run, model }) => `${run.slice(-4)} ${model}`);
  const points = profiles.flat();
  const across = relative ? trans.__('Relative depth, first site to last') : trans.__('Site');
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Effect by layer')}
        <small>{trans.__('bands: 95 % CI')}</small>
        <Button
          bare
          kind="quiet"
          icon="table"
          label={trans.__('Show as a table')}
          pressed={table}
          onClick={() => setTable(!table)}
        />
      </h3>
      {table ? (
        <ProfileTable profiles={profiles} names={names} />
      ) : (
        <Chart
          summary={summaryOf()}
          across={{
            label: across,
            values: points.map(point => point.across),
            ...(relative ? {} : { show: tick => (Number.isInteger(tick) ? String(tick) : '') }),
          }}
          up={{ label: trans.__('Effect on target text'), values: points.flatMap(({ low, high }) => [low, high]) }}
        >
          {frame =>
            profiles.map((profile, place) => (
              <g key={place} class={place === 0 ? 'jp-mod-left' : 'jp-mod-right'}>
                <polygon class="jp-mod-area" points={outline(profile, frame.x, frame.y)} />
                <polyline
                  class="jp-mod-line"
                  points={profile.map(one => `${frame.x(one.across)},${frame.y(one.effect)}`).join(' ')}
                />
              </g>
            ))
          }
        </Chart>
      )}
      <p class="jp-Workbench-legend">
        {names.map((name, place) => (
          <span key={name} class={place === 0 ? 'jp-mod-left' : 'jp-mod-right'}>
            {name}
          </span>
        ))}
      </p>
    </section>
  );

  function summaryOf(): string {
    const tops = profiles.map(profile =>
      profile.reduce<ProfilePoint | null>((best, one) => (best && best.effect >= one.effect ? best : one), null),
    );
    const words = tops.map((top, place) =>
      top
        ? trans.__('%1: largest effect %2 at site %3', names[place], score(top.effect), top.site)
        : trans.__('%1: nothing measured', names[place]),
    );
    return `${words.join('; ')}.`;
  }
}

/** The interval of a profile as one closed line: along its upper ends and back along the lower ones. */
function outline(profile: ProfilePoint[], x: (value: number) => number, y: (value: number) => number): string {
  const upper = profile.map(one => `${x(one.across)},${y(one.high)}`);
  const lower = profile.map(one => `${x(one.across)},${y(one.low)}`).reverse();
  return [...upper, ...lower].join(' ');
}

function ProfileTable({ profiles, names }: { profiles: [ProfilePoint[], ProfilePoint[]]; names: string[] }) {
  const trans = useTrans();
  const longest = Math.max(...profiles.map(profile => profile.length));
  const rows = Array.from({ length: longest }, (_, place) => [
    String(place),
    ...profiles.map(profile => (profile[place] ? score(profile[place].effect) : '')),
  ]);
  return <DataTable caption={trans.__('Effect of each site alone')} heads={[trans.__('Site'), ...names]} rows={rows} />;
}

/** Source and found set of a run, for its first pair and seed. */
function Drawn({ result }: { result: PatchingResult }) {
  const { connection, trans } = useSurroundings();
  const [images, setImages] = useState<Images<ImageRef> | null>(null);
  const [, redraw] = useState(0);
  useEffect(() => {
    const made = imagesOfRun(connection.client, result.run);
    const stop = made.onChange(() => redraw(count => count + 1));
    setImages(made);
    return () => {
      stop();
      made.dispose();
    };
  }, [result.run]);
  const set = result.found?.score ?? result.all_sites;
  const shown: [string, string][] = [
    ...(result.baseline ? ([[result.baseline.arm, trans.__('source')]] as [string, string][]) : []),
    ...(set ? ([[set.arm, trans.__('sites %1', set.sites.join(', '))]] as [string, string][]) : []),
  ];
  const refOf = (arm: string): ImageRef => ({ pair: 0, seed: result.seeds[0] ?? 0, arm });
  return (
    <div class="jp-Workbench-drawn">
      {shown.map(([arm, title]) => {
        const loaded = images?.get(refOf(arm));
        return (
          <figure key={arm}>
            <PixelImage image={loaded} alt={trans.__('%1, %2, reads %3', result.run, title, loaded?.text ?? '')} />
            <figcaption>
              {result.run.slice(-4)} {title}
            </figcaption>
          </figure>
        );
      })}
    </div>
  );
}
