/** What a run will cost, beside the one primary button. */
import type { Forecast } from '../../protocol/messages';
import { Button } from './button';
import { useTrans } from './context';
import { bytes, count, duration } from './numbers';

const LONG_SECONDS = 600;

export function RunButton(props: {
  label: string;
  forecast: Forecast | null;
  /** Why it cannot run now; also said to screen readers. */
  refused: string;
  /** What would make it cheaper; shown when it is dear. */
  cheaper: string;
  onRun(): void;
}) {
  const trans = useTrans();
  const { forecast } = props;
  const dear =
    forecast !== null && ((forecast.seconds ?? 0) > LONG_SECONDS || forecast.memory_bytes > forecast.free_bytes);
  return (
    <div class="jp-Workbench-run">
      <div class={`jp-Workbench-forecast${dear ? ' jp-mod-dear' : ''}`} data-state={forecast ? 'ready' : 'waiting'}>
        {forecast && (
          <>
            <div>
              {forecast.seconds === null
                ? trans.__('Time not known yet, %1', bytes(forecast.memory_bytes))
                : trans.__('About %1, %2', duration(forecast.seconds, trans), bytes(forecast.memory_bytes))}
            </div>
            <small>
              {trans.__('%1 images, %2 denoiser rows', count(forecast.images), count(forecast.denoiser_rows))}
              {dear && ` ${props.cheaper}`}
            </small>
          </>
        )}
        {props.refused && <small>{props.refused}</small>}
      </div>
      <Button
        kind="primary"
        icon="run"
        label={props.label}
        refused={props.refused || undefined}
        onClick={props.onRun}
      />
    </div>
  );
}
