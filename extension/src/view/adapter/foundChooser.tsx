/** The found set to train on, and its model: that of the set unless another one is chosen. */
import type { AdapterPlan, FoundEntry, ModelEntry, ModelRef } from '../../protocol/messages';
import { useTrans } from '../parts/context';
import { Field, type Repair } from '../parts/fields';
import { modelOf } from './choice';
import { useAdapter } from './context';

export function FoundChooser() {
  const trans = useTrans();
  const adapter = useAdapter();
  const { sets, choice } = adapter;
  const wrong = useProblem('found');
  const none = sets?.length === 0 ? { message: trans.__('Find one in the Patching panel first.') } : null;
  return (
    <>
      <Field label={trans.__('Found set')} wrong={none ?? wrong}>
        {given => (
          <select
            {...given}
            class="jp-Workbench-input"
            value={choice.found}
            onFocus={() => void adapter.loadSets()}
            onChange={event => adapter.change({ found: event.currentTarget.value, model: null })}
          >
            {sets === null && <option value="">{trans.__('Asking the kernel …')}</option>}
            {sets?.length === 0 && <option value="">{trans.__('None yet')}</option>}
            {sets?.map(set => (
              <option key={set.name} value={set.name}>
                {titleOf(set)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <ModelField />
    </>
  );

  function titleOf(set: FoundEntry): string {
    const sites = trans._n('site %2', 'sites %2', set.sites.length, set.sites.join(', '));
    return trans.__('%1: %2 of %3', set.run === null ? set.name : trans.__('run %1', set.run), sites, set.model);
  }
}

function ModelField() {
  const trans = useTrans();
  const adapter = useAdapter();
  const { models, sets, choice, model } = adapter;
  const wrong = useProblem('model');
  const set = sets?.find(one => one.name === choice.found);
  const own = set ? modelOf(set, models) : null;
  const refs = [...(own ? [own] : []), ...models.filter(entry => !entry.refused).map(refOf)].filter(
    (ref, place, all) => all.findIndex(other => keyOf(other) === keyOf(ref)) === place,
  );
  return (
    <Field label={trans.__('Model')} wrong={wrong}>
      {given => (
        <select
          {...given}
          class="jp-Workbench-input"
          value={model ? keyOf(model) : ''}
          onChange={event => {
            const chosen = refs.find(ref => keyOf(ref) === event.currentTarget.value);
            adapter.change({ model: chosen ?? null });
          }}
        >
          {model === null && <option value="">{trans.__('Choose a model')}</option>}
          {refs.map(ref => (
            <option key={keyOf(ref)} value={keyOf(ref)}>
              {ref.source === 'variable' ? trans.__('%1 (notebook)', ref.name) : ref.name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** What stands in the way of the training in a field of the setup. */
export function useProblem(field: AdapterPlan['problems'][number]['field']): Repair | null {
  const { plan } = useAdapter();
  const problem = plan?.problems.find(one => one.field === field);
  return problem ? { message: `${problem.message} ${problem.hint}` } : null;
}

function refOf({ source, name }: ModelEntry): ModelRef {
  return { source, name };
}

function keyOf({ source, name }: ModelRef): string {
  return `${source}:${name}`;
}
