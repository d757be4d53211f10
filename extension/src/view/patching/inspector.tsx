/** The row under the cursor: source, patched and difference, its figures, and what may be done at the site. */
import type { ComponentChildren } from 'preact';

import type { ArmScore, Interval, Site } from '../../protocol/messages';
import { Button } from '../parts/button';
import { useTrans } from '../parts/context';
import { Icon } from '../parts/icon';
import { DifferenceImage, PixelImage } from '../parts/image';
import { count, range, score } from '../parts/numbers';
import { RampScale } from '../parts/ramp';
import { SetupCode } from '../parts/setupCode';
import { settingsOf } from './choice';
import { usePatching } from './context';
import { Heads } from './heads';
import { headsOf, scoreOf } from './localization';
import type { Patching } from './patching';
import { rowScore } from './table';
import { useShownImage } from './useShownImage';

export function Inspector() {
  const trans = useTrans();
  const patching = usePatching();
  const { result, cursor } = patching;
  const shown = result ? shownScore(patching) : undefined;
  const map = result?.site_map ?? patching.siteMap;
  const site = typeof cursor === 'number' ? map?.sites[cursor] : undefined;
  const swept = result !== null && site !== undefined && result.head_scores.length > 0 && scoreOf(result, [site.index]);
  const back = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      const panel = (event.currentTarget as HTMLElement).closest('.jp-Workbench');
      panel?.querySelector<HTMLElement>('[role=treegrid] [tabindex="0"]')?.focus();
      event.stopPropagation();
    }
  };
  return (
    <aside class="jp-Workbench-inspector" tabIndex={-1} aria-label={trans.__('Inspector')} onKeyDown={back}>
      {shown && <Pictures one={shown.one} head={shown.head} />}
      {!shown && <p class="jp-Workbench-note">{trans.__('Choose a row to see its images.')}</p>}
      {swept && <Heads result={result} site={site} />}
      {site && <SiteFacts site={site} />}
      <SetupCode view="patching" settings={settingsOf(patching.choice)} />
    </aside>
  );
}

interface Shown {
  one: ArmScore;
  /** The one head of the one site that was patched. */
  head: number | null;
}

/** The row under the cursor, or one of its heads; without a cursor the chosen set, else the best site. */
function shownScore(patching: Patching): Shown | undefined {
  const { cursor, head, chosen, result } = patching;
  const ofHead = typeof cursor === 'number' && head !== null ? headsOf(result!, cursor).get(head) : undefined;
  if (ofHead) {
    return { one: ofHead, head };
  }
  const one = cursor === null ? (chosen ?? result!.trade_off[0]) : rowScore(patching, cursor);
  return one && { one, head: null };
}

function Pictures({ one, head }: Shown) {
  const trans = useTrans();
  const patching = usePatching();
  const result = patching.result!;
  const source = useShownImage('source', { size: 'whole' });
  const patched = useShownImage(one.arm, { size: 'whole' });
  const { pair, seed } = patching;
  const beside = (interval: Interval): string => (result.pairs.length > 1 ? ` (${range(interval)})` : '');
  const sites = trans._n('Site %2', 'Sites %2', one.sites.length, one.sites.join(', '));
  const title = head === null ? sites : trans.__('%1, head %2', sites, head);
  return (
    <section class="jp-Workbench-section">
      <h3>
        {title}
        <small>
          {trans.__('pair %1 of %2, seed %3 of %4', pair + 1, result.pairs.length, seed + 1, result.seeds.length)}
        </small>
      </h3>
      <div class="jp-Workbench-turn">
        <Button bare kind="quiet" icon="back" label={trans.__('Previous seed')} onClick={() => patching.turn(0, -1)} />
        <span>{trans.__('Seed')}</span>
        <Button bare kind="quiet" icon="on" label={trans.__('Next seed')} onClick={() => patching.turn(0, 1)} />
        <Button bare kind="quiet" icon="back" label={trans.__('Previous pair')} onClick={() => patching.turn(-1, 0)} />
        <span>{trans.__('Pair')}</span>
        <Button bare kind="quiet" icon="on" label={trans.__('Next pair')} onClick={() => patching.turn(1, 0)} />
      </div>
      <Picture caption={trans.__('Source')} text={source.loaded?.text}>
        <PixelImage image={source.loaded} alt={source.alt} times={2} />
      </Picture>
      <Picture caption={trans.__('Patched')} text={patched.loaded?.text}>
        <PixelImage image={patched.loaded} alt={patched.alt} times={2} />
      </Picture>
      <Picture caption={trans.__('Difference')}>
        <DifferenceImage from={source.loaded} to={patched.loaded} alt={trans.__('Where the two images differ')} />
      </Picture>
      <RampScale limit={1} low={trans.__('darker')} high={trans.__('brighter')} />
      <dl class="jp-Workbench-facts">
        <Fact name={trans.__('Effect')} value={`${score(one.effect)}${beside(one.ci)}`} />
        <Fact name={trans.__('F1 to the target')} value={score(one.target_f1)} />
        <Fact name={trans.__('Words right')} value={score(one.word_accuracy)} />
        <Fact name={trans.__('Drift, 1 − SSIM')} value={`${score(one.drift)}${beside(one.drift_ci)}`} />
        <Fact name={trans.__('Images')} value={count(one.images)} />
      </dl>
    </section>
  );
}

function Picture(props: { caption: string; text?: string | undefined; children: ComponentChildren }) {
  return (
    <figure class="jp-Workbench-picture">
      {props.children}
      <figcaption>
        {props.caption}
        {props.text !== undefined && <code class="jp-Workbench-read">{props.text || '–'}</code>}
      </figcaption>
    </figure>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function SiteFacts({ site }: { site: Site }) {
  const trans = useTrans();
  const may = [
    trans.__('Patch text keys and values'),
    trans.__('By head (%1) and by step', site.heads),
    trans.__('Train an adapter, %1 parameters', count(site.text_kv_parameters)),
  ];
  return (
    <section class="jp-Workbench-section">
      <h3>{trans.__('May be done here')}</h3>
      <ul class="jp-Workbench-may">
        {may.map(what => (
          <li key={what}>
            <Icon name="done" kind="done" />
            {what}
          </li>
        ))}
      </ul>
      <p class="jp-Workbench-note">
        <code>{site.name}</code> {trans.__('(%1 attention)', site.kind)}
      </p>
    </section>
  );
}
