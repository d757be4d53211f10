/** Samples while it trains: the same noise at every step, the old prompt last, so that forgetting is seen. */
import type { AdapterImage, AdapterResult } from '../../protocol/messages';
import type { Images } from '../images';
import { useChanges, useTrans } from '../parts/context';
import { PixelImage } from '../parts/image';
import { count, score } from '../parts/numbers';
import { quotedText } from '../parts/prompt';
import { useAdapter } from './context';

export function Samples({ result }: { result: AdapterResult }) {
  const trans = useTrans();
  const { images } = useAdapter();
  const steps = [...new Set(result.samples.map(sample => sample.step))];
  if (images === null || steps.length === 0) {
    return null;
  }
  const label = trans.__('Samples by prompt and step');
  return (
    <section class="jp-Workbench-section">
      <h3>
        {trans.__('Samples while training')}
        <small>{trans.__('the same noise at every step')}</small>
      </h3>
      <div class="jp-Workbench-wide" tabIndex={0} role="group" aria-label={label}>
        <table class="jp-Workbench-table jp-Workbench-pictures">
          <thead>
            <tr>
              <th scope="col">{trans.__('Step')}</th>
              {steps.map(step => (
                <th key={step} scope="col">
                  {step === 0 ? trans.__('0, untrained') : count(step)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {result.setup.prompts.map((prompt, place) => (
              <tr key={place}>
                <th scope="row" title={prompt}>
                  {place === 0 ? trans.__('to learn') : trans.__('old')}
                  <code class="jp-Workbench-read">{quotedText(prompt) || prompt}</code>
                </th>
                {steps.map(step => (
                  <td key={step}>
                    <Sample prompt={prompt} image={imageOf(place, step)} images={images} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );

  function imageOf(prompt: number, step: number): AdapterImage | undefined {
    return result.samples.find(sample => sample.prompt === prompt && sample.step === step)?.image;
  }
}

/** An image with what was read in it, and how near that is to the text of its prompt. */
export function Sample(props: { prompt: string; image: AdapterImage | undefined; images: Images<AdapterImage> }) {
  const trans = useTrans();
  useChanges(props.images);
  const { image, prompt } = props;
  const read = image?.text ? trans.__('reads %1', image.text) : trans.__('no text read');
  const f1 = image?.f1 ?? null;
  return (
    <>
      <PixelImage image={image && props.images.get(image)} alt={trans.__('%1; %2', prompt, read)} />
      <span class="jp-Workbench-reading">
        <code title={image?.text}>{image?.text || '–'}</code>
        {f1 !== null && <small>{image?.exact ? trans.__('exact') : trans.__('F1 %1', score(f1))}</small>}
      </span>
    </>
  );
}
