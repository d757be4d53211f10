/** The found set to use, and the model to use it on: the one that it was made on unless another one is chosen. */
import type { FoundEntry, ModelEntry, ModelRef } from '../../protocol/messages';
import { modelOf } from '../foundSets';
import { useSurroundings, useTrans } from './context';
import { Field, type Repair } from './fields';

interface FoundChoice {
  /** Null until the kernel has answered. */
  sets: FoundEntry[] | null;
  models: readonly ModelEntry[];
  /** Name of the chosen set; empty if there is none. */
  found: string;
  model: ModelRef | null;
  wrongFound?: Repair | null;
  wrongModel?: Repair | null;
  /** Found sets are kept in other panels meanwhile: ask for them again. */
  onLook(): void;
  /** A null model is that of the set. */
  onChange(found: string, model: ModelRef | null): void;
}

export function FoundChooser(props: FoundChoice) {
  const { open, trans } = useSurroundings();
  const { sets, found } = props;
  const patching = open ? { label: trans.__('Open Patching'), repair: () => open('patching', {}) } : {};
  const none = sets?.length === 0 ? { message: trans.__('Find one in the Patching panel first.'), ...patching } : null;
  return (
    <>
      <Field label={trans.__('Found set')} wrong={none ?? props.wrongFound}>
        {given => (
          <select
            {...given}
            class="jp-Workbench-input"
            value={found}
            onFocus={props.onLook}
            onChange={event => props.onChange(event.currentTarget.value, null)}
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
      <ModelField {...props} />
    </>
  );

  function titleOf(set: FoundEntry): string {
    const sites = trans._n('site %2', 'sites %2', set.sites.length, set.sites.join(', '));
    return trans.__('%1: %2 of %3', set.run === null ? set.name : trans.__('run %1', set.run), sites, set.model);
  }
}

function ModelField({ models, sets, found, model, wrongModel, onChange }: FoundChoice) {
  const trans = useTrans();
  const set = sets?.find(one => one.name === found);
  const own = set ? modelOf(set, models) : null;
  const refs = [...(own ? [own] : []), ...models.filter(entry => !entry.refused).map(refOf)].filter(
    (ref, place, all) => all.findIndex(other => keyOf(other) === keyOf(ref)) === place,
  );
  return (
    <Field label={trans.__('Model')} wrong={wrongModel}>
      {given => (
        <select
          {...given}
          class="jp-Workbench-input"
          value={model ? keyOf(model) : ''}
          onChange={event => {
            const chosen = refs.find(ref => keyOf(ref) === event.currentTarget.value);
            onChange(found, chosen ?? null);
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

function refOf({ source, name }: ModelEntry): ModelRef {
  return { source, name };
}

function keyOf({ source, name }: ModelRef): string {
  return `${source}:${name}`;
}
