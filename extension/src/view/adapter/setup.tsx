/** The inputs of `train_adapter`, what it would take, and the one primary button. */
import type { AdapterPlan } from '../../protocol/messages';
import { Button } from '../parts/button';
import { useSurroundings, useTrans } from '../parts/context';
import { NumberField, type Repair, SelectField, TextField } from '../parts/fields';
import { FoundChooser } from '../parts/foundChooser';
import { bytes, count, duration, percent } from '../parts/numbers';
import { PromptField } from '../parts/prompt';
import { type Choice, wrongWith } from './choice';
import { useAdapter } from './context';

export function Setup() {
  const trans = useTrans();
  const adapter = useAdapter();
  const { choice } = adapter;
  const change = (part: Partial<Choice>): void => adapter.change(part);
  const missing = (text: string): Repair | null => (text.trim() ? null : { message: trans.__('Type a prompt.') });
  const number = (label: string, key: 'rank' | 'steps' | 'batch' | 'every' | 'seed', low: number, high: number) => (
    <NumberField label={label} value={choice[key]} low={low} high={high} onChange={value => change({ [key]: value })} />
  );
  return (
    <div class="jp-Workbench-setup" role="group" aria-label={trans.__('Setup')}>
      <PromptField
        label={trans.__('Sample prompt, with a text to learn')}
        value={choice.prompt}
        wrong={missing(choice.prompt)}
        onChange={prompt => change({ prompt })}
      />
      <PromptField
        label={trans.__('Old prompt, whose text must stay')}
        value={choice.old}
        wrong={missing(choice.old)}
        onChange={old => change({ old })}
      />
      <div class="jp-Workbench-options">
        <FoundChooser
          sets={adapter.sets}
          models={adapter.models}
          found={choice.found}
          model={adapter.model}
          wrongFound={useProblem('found')}
          wrongModel={useProblem('model')}
          onLook={() => void adapter.loadSets()}
          onChange={(found, model) => change({ found, model })}
        />
        <DataFields />
      </div>
      <div class="jp-Workbench-options">
        {number(trans.__('Rank'), 'rank', 1, 1024)}
        <NumberField
          label={trans.__('Alpha')}
          value={choice.alpha ?? choice.rank}
          low={0.01}
          high={10000}
          step={0.01}
          onChange={alpha => change({ alpha: alpha === choice.rank ? null : alpha })}
        />
        <NumberField
          label={trans.__('Learning rate')}
          value={choice.rate}
          low={1e-7}
          high={0.9}
          step={0.0001}
          onChange={rate => change({ rate })}
        />
        {number(trans.__('Steps'), 'steps', 1, 1000000)}
        {number(trans.__('Batch'), 'batch', 1, 1024)}
        {number(trans.__('Samples every'), 'every', 1, 1000000)}
        {number(trans.__('Seed'), 'seed', 0, 4294967295)}
        <div class="jp-Workbench-short">
          <TextField
            label={trans.__('Licence')}
            value={choice.licence}
            placeholder={trans.__('not stated')}
            onChange={licence => change({ licence: licence.slice(0, 200) })}
          />
        </div>
        <Train />
      </div>
    </div>
  );
}

/** What stands in the way of the training in a field of the setup. */
function useProblem(field: AdapterPlan['problems'][number]['field']): Repair | null {
  const { plan } = useAdapter();
  const problem = plan?.problems.find(one => one.field === field);
  return problem ? { message: `${problem.message} ${problem.hint}` } : null;
}

function DataFields() {
  const trans = useTrans();
  const adapter = useAdapter();
  const { choice, plan } = adapter;
  const problem = useProblem('data');
  const empty = choice.folder.trim() ? null : { message: trans.__('Which folder?') };
  return (
    <>
      <SelectField
        label={trans.__('Training data')}
        value={choice.from}
        choices={[
          ['signs', trans.__('Signs with digits, drawn here')],
          ['folder', trans.__('Folder of images')],
        ]}
        onChange={from => adapter.change({ from })}
      />
      {choice.from === 'folder' && (
        <TextField
          label={trans.__('Folder with metadata.jsonl or metadata.csv')}
          value={choice.folder}
          wrong={empty ?? problem}
          onChange={folder => adapter.change({ folder })}
        />
      )}
      {plan !== null && plan.images > 0 && (
        <small class="jp-Workbench-beside">{trans._n('%1 image', '%1 images', plan.images)}</small>
      )}
    </>
  );
}

function Train() {
  const { connection, trans } = useSurroundings();
  const adapter = useAdapter();
  const { plan } = adapter;
  const refused = refusal();
  return (
    <div class="jp-Workbench-run">
      <Forecast refused={refused} />
      <Button
        kind="primary"
        icon="run"
        label={adapter.result ? trans.__('Train again') : trans.__('Train')}
        refused={refused || undefined}
        onClick={() => void adapter.start()}
      />
    </div>
  );

  function refusal(): string {
    const reasons = {
      'no-found': trans.__('Choose a found set first.'),
      'no-model': trans.__('Choose the model of the found set.'),
      folder: trans.__('Name the folder of the training data.'),
      prompt: trans.__('Type a sample prompt.'),
      old: trans.__('Type an old prompt.'),
    };
    const wrong = wrongWith(adapter.choice, adapter.model);
    if (!connection.transport.connected) {
      return trans.__('The kernel is not ready.');
    }
    if (wrong !== null) {
      return reasons[wrong];
    }
    if (adapter.isRunning) {
      return trans.__('A training is going on.');
    }
    return plan === null ? trans.__('The targets are being looked up.') : (plan.problems[0]?.message ?? '');
  }
}

function Forecast({ refused }: { refused: string }) {
  const trans = useTrans();
  const { plan, choice, isRunning } = useAdapter();
  const dear = plan !== null && plan.memory_bytes > plan.free_bytes;
  return (
    <div class={`jp-Workbench-forecast${dear ? ' jp-mod-dear' : ''}`} data-state={plan ? 'ready' : 'waiting'}>
      {plan && plan.parameters > 0 && (
        <>
          <div>
            {plan.seconds === null
              ? trans.__('Time not known yet, at least %1', bytes(plan.memory_bytes))
              : trans.__('About %1, at least %2', duration(plan.seconds, trans), bytes(plan.memory_bytes))}
          </div>
          <small>
            {trans.__(
              '%1 steps of %2 images, %3 weights (%4)',
              count(choice.steps),
              count(choice.batch),
              count(plan.parameters),
              percent(plan.share, 1),
            )}
            {dear && ` ${trans.__('Free another model first.')}`}
          </small>
        </>
      )}
      {refused && !isRunning && <small>{refused}</small>}
    </div>
  );
}
