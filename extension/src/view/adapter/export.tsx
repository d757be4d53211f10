/** Format, name, and the proof: the file is loaded back and draws the same images before it gets its name. */
import type { AdapterFormat, AdapterResult, ProofStep } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { Button, Segments } from '../parts/button';
import { useChanges, useSurroundings, useTrans } from '../parts/context';
import { Field, type Repair } from '../parts/fields';
import { Icon } from '../parts/icon';
import { Notice } from '../parts/notice';
import { useAdapter } from './context';
import type { Exporting } from './exporting';
import { difference, FileFacts } from './header';

const STEPS: readonly ProofStep[] = ['saved', 'drawn', 'loaded', 'matched', 'compared'];

export function Export({ result }: { result: AdapterResult }) {
  const trans = useTrans();
  const { exporting } = useAdapter();
  useChanges(exporting);
  const { proof, problem, job } = exporting;
  return (
    <section class="jp-Workbench-section" aria-label={trans.__('Export')}>
      <h3>{trans.__('Export')}</h3>
      <Segments<AdapterFormat>
        label={trans.__('Format')}
        value={exporting.format}
        choices={[
          ['diffusers', 'diffusers'],
          ['peft', 'peft'],
          ['kohya', 'kohya'],
        ]}
        onChange={format => exporting.change({ format })}
      />
      <NameField exporting={exporting} />
      <Buttons exporting={exporting} run={result.run} />
      {problem && <Notice problem={problem} />}
      {job && job.status !== 'cancelled' && <Proof exporting={exporting} />}
      {proof?.file && <FileFacts file={proof.file} />}
    </section>
  );
}

function NameField({ exporting }: { exporting: Exporting }) {
  const trans = useTrans();
  const wrong = nameProblem(exporting, trans);
  return (
    <Field label={exporting.format === 'peft' ? trans.__('Folder name') : trans.__('File name')} wrong={wrong}>
      {given => (
        <>
          <input
            {...given}
            class="jp-Workbench-input"
            type="text"
            spellcheck={false}
            value={exporting.name}
            onInput={event => exporting.change({ name: event.currentTarget.value })}
          />
          {wrong === null && (
            <small>
              {exporting.taken
                ? trans.__('%1 is there already', exporting.target)
                : trans.__('%1, free, inside %2', exporting.target, exporting.folder ?? '…')}
            </small>
          )}
        </>
      )}
    </Field>
  );
}

function nameProblem(exporting: Exporting, trans: Trans): Repair | null {
  if (exporting.fits) {
    return null;
  }
  const message = /[\\/]|^\.\.?$/.test(exporting.name)
    ? trans.__('This leaves the export folder. Use letters, digits, dot, dash and underscore.')
    : trans.__('Use letters, digits, dot, dash and underscore; begin with a letter or a digit.');
  return { message, label: trans.__('Repair the name'), repair: () => exporting.repairName() };
}

/** A name that is taken asks first: nothing is replaced without a word. */
function Buttons({ exporting, run }: { exporting: Exporting; run: string }) {
  const { connection, trans } = useSurroundings();
  const own = exporting.proof?.name === exporting.target;
  const refused = !exporting.fits
    ? trans.__('The name does not fit.')
    : exporting.isRunning
      ? trans.__('The proof is running.')
      : connection.transport.connected
        ? undefined
        : trans.__('The kernel is not ready.');
  if (exporting.taken && exporting.fits && !exporting.isRunning) {
    return (
      <div class="jp-Workbench-turn" role="group" aria-label={trans.__('The name is taken')}>
        {!own && <span>{trans.__('Replace it?')}</span>}
        <Button label={trans.__('Replace')} refused={refused} onClick={() => void exporting.start(run, true)} />
        <Button label={trans.__('Keep both')} onClick={() => exporting.keepBoth()} />
      </div>
    );
  }
  return (
    <div class="jp-Workbench-turn">
      <Button
        icon="keep"
        label={trans.__('Export')}
        refused={refused}
        onClick={() => void exporting.start(run, false)}
      />
      {exporting.isRunning && (
        <Button icon="stop" label={trans.__('Cancel the export')} onClick={() => void exporting.cancel()} />
      )}
    </div>
  );
}

/** The steps tick one by one; the difference is shown with its bound once the file has its name. */
function Proof({ exporting }: { exporting: Exporting }) {
  const { trans } = useSurroundings();
  const { proof } = exporting;
  const failed = exporting.job?.status === 'failed';
  const figures = proof?.file?.proof;
  const texts: Record<ProofStep, string> = {
    saved: trans.__('Saved beside its place'),
    drawn: trans.__('Drawn with the adapter in memory'),
    loaded: figures ? trans.__('Loaded with %1', figures.loader) : trans.__('Loaded by the public loader'),
    matched: figures ? trans.__('%1 modules add the same', figures.matched) : trans.__('Modules add the same'),
    compared: figures
      ? trans.__(
          'Same noise, same image: largest difference %1, bound %2',
          difference(figures.round_trip_max_difference),
          figures.tolerance.toExponential(0),
        )
      : trans.__('Same noise, same image'),
  };
  return (
    <ul class="jp-Workbench-proof" aria-label={trans.__('Proof')} data-state={exporting.job?.status}>
      {STEPS.map(step => {
        const done = proof?.steps.includes(step) && !(failed && step === 'compared');
        return (
          <li key={step} data-state={done ? 'done' : failed ? 'failed' : 'waiting'}>
            {done ? <Icon name="done" kind="done" /> : <span class="jp-Workbench-open" aria-hidden="true" />}
            <span>{texts[step]}</span>
            {!done && <small>{failed ? trans.__('not proven') : trans.__('waits')}</small>}
          </li>
        );
      })}
      {failed && <li>{trans.__('No file was kept.')}</li>}
    </ul>
  );
}
