/** The cell under the cursor: baseline against variant in every figure, the seeds, and the code of the matrix. */
import type { AblateResult, AblateRow } from '../../protocol/messages';
import type { Trans } from '../../trans';
import { useTrans } from '../parts/context';
import { count, percent, score } from '../parts/numbers';
import { SetupCode } from '../parts/setupCode';
import { wholeSetup } from './choice';
import { useAblate } from './context';
import { BASELINE, rowOf, spread } from './matrix';

export function Inspector() {
  const trans = useTrans();
  const { result, cursor, choice } = useAblate();
  const row = result && cursor ? rowOf(result, cursor.system, cursor.variant) : undefined;
  const back = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      const panel = (event.currentTarget as HTMLElement).closest('.jp-Workbench');
      panel?.querySelector<HTMLElement>('[role=grid] [tabindex="0"]')?.focus();
      event.stopPropagation();
    }
  };
  return (
    <aside class="jp-Workbench-inspector" tabIndex={-1} aria-label={trans.__('Inspector')} onKeyDown={back}>
      {result && row ? (
        <CellFacts result={result} row={row} />
      ) : (
        <p class="jp-Workbench-note">{trans.__('Choose a cell to compare it with its baseline.')}</p>
      )}
      <SetupCode view="ablate" settings={wholeSetup(choice)} />
    </aside>
  );
}

function CellFacts({ result, row }: { result: AblateResult; row: AblateRow }) {
  const trans = useTrans();
  const base = rowOf(result, row.system, BASELINE);
  return (
    <section class="jp-Workbench-section">
      <h3>
        {row.variant}
        <small>{`${row.system}, ${row.task}`}</small>
      </h3>
      {row.reason && <p class="jp-Workbench-note">{row.reason}</p>}
      {row.status !== 'refused' && base && (
        <table class="jp-Workbench-table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Figure')}</th>
              <th scope="col">{trans.__('Baseline')}</th>
              <th scope="col">{row.variant === BASELINE ? trans.__('The same') : trans.__('Variant')}</th>
            </tr>
          </thead>
          <tbody>
            {figures(trans).map(([name, show]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{show(base)}</td>
                <td>{show(row)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {row.each.length > 0 && (
        <p class="jp-Workbench-note">
          {trans.__('Accuracy by seed: %1', row.each.map(accuracy => percent(accuracy, 1)).join(', '))}
        </p>
      )}
    </section>
  );
}

/** Names of figures, and how each is shown; – is not measured. */
function figures(trans: Trans): [string, (row: AblateRow) => string][] {
  const number = (value: number | null | undefined, show: (value: number) => string): string =>
    value === null || value === undefined ? '–' : show(value);
  const part = (name: string) => (row: AblateRow) => number(row.parameters[name], count);
  return [
    [trans.__('Accuracy'), row => spread(row.accuracy)],
    [trans.__('Loss'), row => spread(row.loss)],
    [trans.__('Converted accuracy'), row => spread(row.converted_accuracy)],
    [trans.__('Converted loss'), row => spread(row.converted_loss)],
    [trans.__('Trained on, accuracy'), row => spread(row.finetuned_accuracy)],
    [trans.__('Change of outputs'), row => number(row.function_error, value => value.toExponential(1))],
    [trans.__('Parameters'), part('total')],
    [trans.__('in attention'), part('attention')],
    [trans.__('in MLPs'), part('mlp')],
    [trans.__('MFLOP'), row => number(row.multiply_adds, value => score((2 * value) / 1e6))],
    [trans.__('Milliseconds for 16'), row => number(row.milliseconds, score)],
    [trans.__('Weight on itself'), row => number(row.self_weight, value => score(value, 3))],
  ];
}
