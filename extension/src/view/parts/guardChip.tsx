/** Says that a guard is on for the model of a panel, from whichever panel it was turned on. */
import type { ModelRef } from '../../protocol/messages';
import { useChanges, useSurroundings } from './context';
import { Icon } from './icon';

export function GuardChip({ model }: { model: ModelRef | null }) {
  const { connection, trans } = useSurroundings();
  useChanges(connection);
  const guard = connection.guardOf(model);
  return guard ? (
    <span
      class="jp-Workbench-chip"
      title={trans._n(
        '%2 is guarded at %1 site of this kernel',
        '%2 is guarded at %1 sites of this kernel',
        guard.sites.length,
        guard.model.name,
      )}
    >
      <Icon name="guard" />
      <span>{trans.__('Guarded')}</span>
    </span>
  ) : null;
}
