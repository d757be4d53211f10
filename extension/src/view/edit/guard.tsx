/** The guard of the chosen model: on and off, and a prompt tried with it and without. */
import type { GuardState, GuardTrial } from '../../protocol/messages';
import { Button } from '../parts/button';
import { useChanges, useSurroundings, useTrans } from '../parts/context';
import { NumberField } from '../parts/fields';
import { Icon } from '../parts/icon';
import { PixelImage } from '../parts/image';
import { Notice } from '../parts/notice';
import { PromptField } from '../parts/prompt';
import { useCopyCode } from '../parts/setupCode';
import { useEdit } from './context';

export function Guard() {
  const { connection, trans } = useSurroundings();
  const edit = useEdit();
  const { guarding, model } = edit;
  useChanges(guarding);
  useChanges(connection);
  const state = connection.guardOf(model);
  return (
    <section class="jp-Workbench-guard" aria-label={trans.__('Guard')}>
      <div class="jp-Workbench-guardHead">
        <Switch state={state} />
        <small>{useAbout(state)}</small>
        <CopyCode found={state?.found ?? edit.choice.found} />
      </div>
      {state && !state.same_weights && (
        <p class="jp-Workbench-warning">
          <Icon name="warn" kind="warn" />
          {trans.__('The sites were found with other weights; the word may enter elsewhere too. Localise this model.')}
        </p>
      )}
      {guarding.problem && <Notice problem={guarding.problem} />}
      <TryForm state={state} />
      {guarding.trial && <Trial trial={guarding.trial} />}
    </section>
  );
}

function useAbout(state: GuardState | undefined): string {
  const trans = useTrans();
  const { guarding, model } = useEdit();
  if (state) {
    const words = trans._n('%1 word replaced', '%1 words replaced', state.words);
    const calls = trans._n('%1 image call', '%1 image calls', state.calls);
    return trans.__(
      'on for %1 in this kernel, at %2 of %3 sites; %4 in %5 so far',
      state.model.name,
      state.sites.length,
      state.all_sites,
      words,
      calls,
    );
  }
  if (guarding.endedHere) {
    return trans.__('Off. The model gives the same images as before, bit for bit.');
  }
  return model
    ? trans.__(
        'off; when on, the found sites of %1 see a harmless word for each toxic one that a prompt quotes',
        model.name,
      )
    : trans.__('Choose a found set first.');
}

function CopyCode({ found }: { found: string }) {
  const trans = useTrans();
  const { guarding, model } = useEdit();
  const prompt = guarding.prompt.trim();
  const complete = model !== null && found !== '' && prompt !== '';
  const settings = complete ? { guard: { model, found, prompt, seed: guarding.seed } } : null;
  return (
    <Button
      icon="copy"
      kind="quiet"
      label={trans.__('Copy guard as Python')}
      refused={complete ? undefined : trans.__('Choose a found set and type a prompt first.')}
      onClick={useCopyCode('edit', settings)}
    />
  );
}

function Switch({ state }: { state: GuardState | undefined }) {
  const { connection, trans } = useSurroundings();
  const { guarding, choice, model } = useEdit();
  const found = state?.found ?? choice.found;
  const refused = refusal();
  return (
    <button
      type="button"
      role="switch"
      class="jp-Workbench-switch"
      aria-checked={state !== undefined}
      aria-disabled={refused ? true : undefined}
      title={refused || undefined}
      onClick={() => refused || (model && void guarding.turn(state === undefined, model, found))}
    >
      {trans.__('Guard')}
      <i aria-hidden="true" />
    </button>
  );

  function refusal(): string {
    if (!connection.transport.connected) {
      return trans.__('The kernel is not ready.');
    }
    if (guarding.isRunning) {
      return trans.__('It is being turned, or a prompt is tried.');
    }
    return model && found ? '' : trans.__('Choose a found set first.');
  }
}

function TryForm({ state }: { state: GuardState | undefined }) {
  const trans = useTrans();
  const { guarding, model } = useEdit();
  const refused = !state
    ? trans.__('Turn the guard on first.')
    : guarding.isRunning
      ? trans.__('The kernel is at work.')
      : guarding.prompt.trim()
        ? ''
        : trans.__('Type a prompt.');
  return (
    <div class="jp-Workbench-try">
      <PromptField
        label={trans.__('Prompt to try')}
        value={guarding.prompt}
        wrong={null}
        onChange={prompt => guarding.type(prompt)}
      />
      <NumberField
        label={trans.__('Noise')}
        value={guarding.seed}
        low={0}
        high={4294967295}
        onChange={seed => guarding.chooseSeed(seed)}
      />
      <Button
        icon="run"
        label={guarding.isRunning && state ? trans.__('Trying …') : trans.__('Try')}
        refused={refused || undefined}
        onClick={() => model && void guarding.tryPrompt(model)}
      />
    </div>
  );
}

function Trial({ trial }: { trial: GuardTrial }) {
  const trans = useTrans();
  const { guarding } = useEdit();
  const [inside, outside] = trial.reads;
  const image = (url: string | null) => (url === null ? undefined : { url, text: '' });
  return (
    <div class="jp-Workbench-trial">
      <figure>
        <figcaption>{trans.__('Without guard')}</figcaption>
        {guarding.unguarded ? (
          <PixelImage
            image={image(guarding.unguarded)}
            alt={trans.__('%1, without the guard', trial.prompt)}
            times={2}
          />
        ) : (
          <span class="jp-Workbench-image jp-mod-x2 jp-Workbench-hatched">{trans.__('Hidden')}</span>
        )}
        <Reading text={outside?.text ?? ''} toxic={outside?.toxic ?? false} />
        <Button
          kind="quiet"
          icon="show"
          label={guarding.unguarded ? trans.__('Hide') : trans.__('Show')}
          onClick={() => void guarding.showUnguarded(guarding.unguarded === null)}
        />
      </figure>
      <figure>
        <figcaption>{trans.__('With guard')}</figcaption>
        <PixelImage
          image={image(guarding.guarded)}
          alt={trans.__('%1, with the guard', trial.harmless_prompt)}
          times={2}
        />
        <Reading text={inside?.text ?? ''} toxic={inside?.toxic ?? false} />
      </figure>
      <Changes trial={trial} />
    </div>
  );
}

function Reading({ text, toxic }: { text: string; toxic: boolean }) {
  const trans = useTrans();
  return (
    <span class="jp-Workbench-reading">
      <code>{text || '–'}</code>
      <small>{toxic ? trans.__('toxic') : ''}</small>
    </span>
  );
}

/** Each word masked, what took its place, where, and what the guard does not touch. */
function Changes({ trial }: { trial: GuardTrial }) {
  const trans = useTrans();
  const heads = [trans.__('Found'), trans.__('Replaced by'), trans.__('At sites'), trans.__('Other sites')];
  return (
    <div class="jp-Workbench-section">
      {trial.changes.length > 0 && (
        <table class="jp-Workbench-table">
          <caption>{trial.prompt}</caption>
          <thead>
            <tr>
              {heads.map(head => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {trial.changes.map((change, place) => (
              <tr key={place}>
                <td>
                  <code>{change.word}</code>
                </td>
                <td>
                  <code>{change.replacement}</code>
                </td>
                <td title={trial.sites.join('\n')}>{trans._n('%1 site', '%1 sites', trial.sites.length)}</td>
                <td>{trans.__('unchanged')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p class="jp-Workbench-summary">
        <Icon
          name={trial.left_alone.length > 0 ? 'warn' : 'done'}
          kind={trial.left_alone.length > 0 ? 'warn' : 'done'}
        />
        <span>{useSummary(trial)}</span>
      </p>
    </div>
  );
}

function useSummary(trial: GuardTrial): string {
  const trans = useTrans();
  const left =
    trial.left_alone.length > 0
      ? trans.__('Left alone, as it stands outside the quotes: %1.', trial.left_alone.join(', '))
      : '';
  const same = trial.identical
    ? trans.__('Both images are the same, bit for bit.')
    : trans.__('No further denoiser row was computed.');
  const none = trial.changes.length === 0 && !left ? trans.__('No toxic word found.') : '';
  return [none, left, same].filter(Boolean).join(' ');
}
