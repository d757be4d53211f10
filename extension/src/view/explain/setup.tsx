/** The inputs of `attribute` and the one primary button. */

import { Button } from '../parts/button';
import { useSurroundings, useTrans, useUniqueId } from '../parts/context';
import { Field, NumberField, SelectField } from '../parts/fields';
import { textsOf, wholeSetup } from './choice';
import { useExplain } from './context';

export function Setup() {
  const trans = useTrans();
  const explain = useExplain();
  const { choice, options } = explain;
  const methods = options?.methods ?? [{ name: choice.method, title: choice.method }];
  const baselines = options?.baselines ?? [choice.baseline];
  const labels = options?.classifiers.find(entry => entry.name === choice.classifier)?.labels ?? [];
  return (
    <div class="jp-Workbench-setup" role="group" aria-label={trans.__('Setup')}>
      <div class="jp-Workbench-texts">
        <Field
          label={trans.__('Text, one a line')}
          wrong={textsOf(choice).length === 0 ? { message: trans.__('Type a text to explain.') } : null}
        >
          {given => (
            <textarea
              {...given}
              class="jp-Workbench-input"
              rows={2}
              spellcheck={false}
              value={choice.text}
              onInput={event => explain.change({ text: event.currentTarget.value })}
            />
          )}
        </Field>
      </div>
      <div class="jp-Workbench-options">
        <ClassifierField />
        <SelectField
          label={trans.__('Method')}
          value={choice.method}
          choices={methods.map(({ name, title }) => [name, title] as const)}
          onChange={method => explain.change({ method })}
        />
        <SelectField
          label={trans.__('Baseline')}
          value={choice.baseline}
          choices={baselines.map(name => [name, name] as const)}
          onChange={baseline => explain.change({ baseline })}
        />
        <SelectField
          label={trans.__('Target')}
          value={choice.target}
          choices={[['', trans.__('the prediction')], ...labels.map(name => [name, name] as const)]}
          onChange={target => explain.change({ target })}
        />
        <NumberField
          label={trans.__('Bound, %')}
          value={100 * choice.bound}
          low={0.1}
          high={50}
          step={0.1}
          onChange={bound => explain.change({ bound: bound / 100 })}
        />
        <Run />
      </div>
    </div>
  );
}

/** An embedded classifier, a folder or a hub id, typed or chosen. */
function ClassifierField() {
  const trans = useTrans();
  const explain = useExplain();
  const list = useUniqueId();
  return (
    <Field
      label={trans.__('Classifier')}
      wrong={
        explain.choice.classifier.trim() ? null : { message: trans.__('Name a classifier, a folder or a hub id.') }
      }
    >
      {given => (
        <>
          <input
            {...given}
            class="jp-Workbench-input"
            list={list}
            maxLength={400}
            spellcheck={false}
            value={explain.choice.classifier}
            onInput={event => explain.change({ classifier: event.currentTarget.value, target: '' })}
          />
          <datalist id={list}>
            {explain.options?.classifiers.map(({ name, kind }) => (
              <option key={name} value={name}>
                {kind}
              </option>
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

function Run() {
  const { connection, trans } = useSurroundings();
  const explain = useExplain();
  const refused = refusal();
  return (
    <div class="jp-Workbench-run">
      {refused && <small>{refused}</small>}
      <Button
        label={trans.__('Compare methods')}
        refused={refused || undefined}
        onClick={() => void explain.compare()}
      />
      <Button
        kind="primary"
        icon="run"
        label={trans.__('Explain')}
        refused={refused || undefined}
        onClick={() => void explain.start()}
      />
    </div>
  );

  function refusal(): string {
    if (wholeSetup(explain.choice) === null) {
      return trans.__('Name a classifier and type a text.');
    }
    if (explain.isRunning) {
      return trans.__('A job is going on.');
    }
    return connection.transport.connected ? '' : trans.__('The kernel is not ready.');
  }
}
