/** One noise closely, the modules that are trained, the export with its proof, other files' headers, and the code. */
import type { AdapterImage, AdapterScene, AdapterTarget } from '../../protocol/messages';
import type { Images } from '../images';
import { useChanges, useTrans } from '../parts/context';
import { Icon } from '../parts/icon';
import { DifferenceImage, PixelImage } from '../parts/image';
import { count } from '../parts/numbers';
import { RampScale } from '../parts/ramp';
import { SetupCode } from '../parts/setupCode';
import { useAdapter } from './context';
import { Export } from './export';
import { HeaderForm } from './header';

export function Inspector() {
  const trans = useTrans();
  const adapter = useAdapter();
  const { result, plan, images, exporting } = adapter;
  useChanges(exporting);
  const scene = result?.compared[adapter.scene];
  const targets = plan?.targets ?? result?.targets ?? [];
  const { setup } = adapter;
  const { name, format } = exporting;
  const exported = exporting.proof?.file ? { export: { name, format } } : {};
  const back = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      const panel = (event.currentTarget as HTMLElement).closest('.jp-Workbench');
      panel?.querySelector<HTMLElement>('.jp-Workbench-pictures [aria-pressed=true]')?.focus();
      event.stopPropagation();
    }
  };
  return (
    <aside class="jp-Workbench-inspector" tabIndex={-1} aria-label={trans.__('Inspector')} onKeyDown={back}>
      {scene && images && <SceneImages scene={scene} images={images} />}
      {targets.length > 0 && <Targets targets={targets} />}
      {result?.file && <Export result={result} />}
      <HeaderForm />
      <SetupCode view="adapter" settings={setup && { ...setup, ...exported }} />
    </aside>
  );
}

function SceneImages({ scene, images }: { scene: AdapterScene; images: Images<AdapterImage> }) {
  const trans = useTrans();
  useChanges(images);
  const [base, adapted] = [images.get(scene.base, 'whole'), images.get(scene.adapted, 'whole')];
  const shown = [
    [trans.__('Base'), base, scene.base.text],
    [trans.__('Adapter'), adapted, scene.adapted.text],
  ] as const;
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('The same noise')}
        <small>{scene.prompt}</small>
      </h3>
      {shown.map(([caption, image, text]) => (
        <figure key={caption} class="jp-Workbench-picture">
          <PixelImage image={image} alt={trans.__('%1: %2', caption, scene.prompt)} times={2} />
          <figcaption>
            {caption}
            <code class="jp-Workbench-read">{text || '–'}</code>
          </figcaption>
        </figure>
      ))}
      <figure class="jp-Workbench-picture">
        <DifferenceImage from={base} to={adapted} alt={trans.__('Where the two images differ')} />
        <figcaption>{trans.__('Difference')}</figcaption>
      </figure>
      <RampScale limit={1} low={trans.__('darker')} high={trans.__('brighter')} />
    </section>
  );
}

/** Every module by its full name; one that the model lacks says so in words and shape. */
function Targets({ targets }: { targets: AdapterTarget[] }) {
  const trans = useTrans();
  const matched = targets.filter(target => target.matched).length;
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Targets')}
        <small>{trans.__('%1 of %2 matched', count(matched), count(targets.length))}</small>
      </h3>
      <ul class="jp-Workbench-targets" tabIndex={0} aria-label={trans.__('Modules to train')}>
        {targets.map(target => (
          <li key={target.module}>
            <Icon name={target.matched ? 'done' : 'bad'} kind={target.matched ? 'done' : 'bad'} />
            <code>{target.module}</code>
            <small>
              {target.matched
                ? target.alpha === target.rank
                  ? trans.__('rank %1', target.rank)
                  : trans.__('rank %1, alpha %2', target.rank, target.alpha)
                : trans.__('not in this model')}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
