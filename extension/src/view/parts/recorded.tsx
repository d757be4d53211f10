/** Says that what is shown was recorded elsewhere, and offers to run the same here. */
import { Button } from './button';
import { useTrans } from './context';
import { duration } from './numbers';

export function Recorded({ seconds, onRun }: { seconds?: number; onRun?: () => void }) {
  const trans = useTrans();
  const label =
    seconds === undefined ? trans.__('Run it here') : trans.__('Run it here, about %1', duration(seconds, trans));
  return (
    <p class="jp-Workbench-recorded">
      {trans.__('A recorded run. Nothing has run on this machine.')}
      {onRun && <Button label={label} onClick={onRun} />}
    </p>
  );
}
