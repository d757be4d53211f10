/** The inputs of `ablate`, what they would take, and the one primary button. */
import { Button } from '../parts/button';
import { useSurroundings, useTrans } from '../parts/context';
import { NumberField } from '../parts/fields';
import { duration } from '../parts/numbers';
import { CheckList } from './checkList';
import { wholeSetup } from './choice';
import { useAblate } from './context';

export function Setup() {
  const trans = useTrans();
  const ablate = useAblate();
  const { choice, options } = ablate;
  const systems = (options?.systems ?? []).map(({ name, title }) => ({ name, note: title }));
  const variants = (options?.variants ?? []).map(({ name, control }) => ({
    name,
    note: control ? trans.__('control') : '',
  }));
  return (
    <div class="jp-Workbench-setup" role="group" aria-label={trans.__('Setup')}>
      <div class="jp-Workbench-options">
        <CheckList
          label={trans.__('Systems')}
          entries={systems}
          chosen={choice.systems}
          usual={systems.map(({ name }) => name)}
          onChange={chosen => ablate.change({ systems: chosen })}
        />
        <CheckList
          label={trans.__('Variants')}
          entries={variants}
          chosen={choice.variants}
          usual={options?.standard ?? []}
          onChange={chosen => ablate.change({ variants: chosen })}
        />
        <NumberField
          label={trans.__('Seeds')}
          value={choice.seeds}
          low={1}
          high={64}
          onChange={seeds => ablate.change({ seeds })}
        />
        <NumberField
          label={trans.__('Steps')}
          value={choice.steps}
          low={1}
          high={100000}
          onChange={steps => ablate.change({ steps })}
        />
        <NumberField
          label={trans.__('Steps after conversion')}
          value={choice.finetune}
          low={0}
          high={100000}
          onChange={finetune => ablate.change({ finetune })}
        />
        <Run />
      </div>
    </div>
  );
}

function Run() {
  const { connection, trans } = useSurroundings();
  const ablate = useAblate();
  const refused = refusal();
  return (
    <div class="jp-Workbench-run">
      <div class="jp-Workbench-forecast" data-state={ablate.plan ? 'ready' : 'waiting'}>
        <Plan />
        {refused && <small>{refused}</small>}
      </div>
      <Button
        kind="primary"
        icon="run"
        label={trans.__('Run')}
        refused={refused || undefined}
        onClick={() => void ablate.start()}
      />
    </div>
  );

  function refusal(): string {
    if (wholeSetup(ablate.choice) === null) {
      return trans.__('Choose a system and a variant.');
    }
    if (ablate.isRunning) {
      return trans.__('A run is going on.');
    }
    return connection.transport.connected ? '' : trans.__('The kernel is not ready.');
  }
}

/** Cells and refusals before anything runs. */
function Plan() {
  const trans = useTrans();
  const { plan } = useAblate();
  if (plan === null) {
    return null;
  }
  const cells = trans._n('%1 cell, %2 refused', '%1 cells, %2 refused', plan.cells, plan.refused.length);
  const time =
    plan.seconds === null ? trans.__('time not known yet') : trans.__('about %1', duration(plan.seconds, trans));
  return (
    <>
      <div>{cells}</div>
      <small>{trans._n('%1 training, %2', '%1 trainings, %2', plan.trainings, time)}</small>
    </>
  );
}
