/** Why cells are refused, by reason, and the nearest variant that works. */
import { Button } from '../parts/button';
import { useTrans } from '../parts/context';
import { useAblate } from './context';
import { byReason } from './matrix';

export function Refusals() {
  const trans = useTrans();
  const ablate = useAblate();
  const refused = ablate.plan?.refused ?? [];
  if (refused.length === 0) {
    return null;
  }
  const take = (nearest: string): void =>
    ablate.change({ variants: [...new Set([...ablate.choice.variants, nearest])] });
  return (
    <details class="jp-Workbench-refusals">
      <summary>{trans._n('Why %1 cell is refused', 'Why %1 cells are refused', refused.length)}</summary>
      <ul>
        {byReason(refused).map(([reason, cells]) => (
          <li key={reason}>
            <strong>{reason}</strong>
            <span>{cells.map(({ system, variant }) => `${system} ${variant}`).join(', ')}</span>
            {[...new Set(cells.map(({ nearest }) => nearest))]
              .filter(nearest => nearest && !ablate.choice.variants.includes(nearest))
              .map(nearest => (
                <Button key={nearest} label={trans.__('Add %1', nearest)} onClick={() => take(nearest)} />
              ))}
          </li>
        ))}
      </ul>
    </details>
  );
}
