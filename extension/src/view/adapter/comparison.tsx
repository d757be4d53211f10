/** With and without the adapter from the same noise: the text that was to be learnt, and unrelated prompts. */
import type { AdapterResult, AdapterScene } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { score } from '../parts/numbers';
import { quotedText } from '../parts/prompt';
import { useAdapter } from './context';
import { Sample } from './samples';

export function Comparison({ result }: { result: AdapterResult }) {
  const trans = useTrans();
  const scenes = result.compared.map((scene, place) => ({ scene, place }));
  if (scenes.length === 0) {
    return null;
  }
  return (
    <>
      <Scenes
        title={trans.__('Base against adapter')}
        beside={trans.__('the text to learn, from the same noise')}
        scenes={scenes.filter(({ scene }) => scene.trained)}
        head={({ seed }) => trans.__('noise %1', seed + 1)}
      />
      <Scenes
        title={trans.__('Unrelated prompts')}
        beside={trans.__('the same noise, drift beneath')}
        scenes={scenes.filter(({ scene }) => !scene.trained)}
        head={({ prompt }) => quotedText(prompt)}
      />
    </>
  );
}

function Scenes(props: {
  title: string;
  beside: string;
  scenes: { scene: AdapterScene; place: number }[];
  head(scene: AdapterScene): string;
}) {
  const trans = useTrans();
  const adapter = useAdapter();
  const images = adapter.images!;
  const { scenes } = props;
  return (
    <section class="jp-Workbench-section">
      <h3>
        {props.title}
        <small>{props.beside}</small>
      </h3>
      <div class="jp-Workbench-wide" tabIndex={0} role="group" aria-label={props.title}>
        <table class="jp-Workbench-table jp-Workbench-pictures">
          <thead>
            <tr>
              <th scope="col">{trans.__('Look closer')}</th>
              {scenes.map(({ scene, place }) => (
                <th key={place} scope="col">
                  <button
                    type="button"
                    class="jp-Workbench-button jp-mod-quiet"
                    aria-pressed={adapter.scene === place}
                    title={scene.prompt}
                    onClick={() => adapter.moveCursor(place)}
                  >
                    {props.head(scene)}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {(['base', 'adapted'] as const).map(side => (
              <tr key={side}>
                <th scope="row">{side === 'base' ? trans.__('base') : trans.__('adapter')}</th>
                {scenes.map(({ scene, place }) => (
                  <td key={place}>
                    <Sample prompt={scene.prompt} image={scene[side]} images={images} />
                  </td>
                ))}
              </tr>
            ))}
            <tr>
              <th scope="row">{trans.__('drift, 1 − SSIM')}</th>
              {scenes.map(({ scene, place }) => (
                <td key={place}>{score(scene.drift, 3)}</td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
    </section>
  );
}
