/** The two limits of the rule over the trade-off plot: dragged with the pointer, or moved with the arrow keys. */
import type { ArmScore } from '../../protocol/messages';
import { CHART, type ChartFrame } from '../parts/chart';
import { useTrans } from '../parts/context';
import { percent, score } from '../parts/numbers';
import { usePatching } from './context';

const STEP = 0.01;
const STRIDE = 10;
const LEAST_SHARE = 0.01;

interface RuleHandlesProps {
  frame: ChartFrame;
  everything: ArmScore;
  /** Whether one of them is being dragged: the axes stay as they are until it is let go. */
  onHold(held: boolean): void;
}

export function RuleHandles({ frame, everything, onHold }: RuleHandlesProps) {
  const trans = useTrans();
  const patching = usePatching();
  const { share, margin } = patching.choice;
  const [needed, bound] = [share * everything.effect, everything.drift + margin];
  return (
    <>
      {everything.effect > 0 && (
        <Handle
          upright
          label={trans.__('Effect that a set must reach')}
          value={share}
          low={LEAST_SHARE}
          text={trans.__('%1 of all sites, effect %2', percent(share), score(needed))}
          place={frame.y(needed) / CHART.height}
          valueAt={(_, down) => frame.upAt(down * CHART.height) / everything.effect}
          onMove={moved => patching.change({ share: moved })}
          onHold={onHold}
        />
      )}
      <Handle
        label={trans.__('Drift that a set may have')}
        value={margin}
        low={0}
        text={trans.__('%1, that is %2 beyond all sites', score(bound), score(margin))}
        place={frame.x(bound) / CHART.width}
        valueAt={across => frame.acrossAt(across * CHART.width) - everything.drift}
        onMove={moved => patching.change({ margin: moved })}
        onHold={onHold}
      />
    </>
  );
}

interface HandleProps {
  /** It moves up and down, not to the sides. */
  upright?: boolean;
  label: string;
  /** Between `low` and 1, in steps of a hundredth as in the fields below the plot. */
  value: number;
  low: number;
  /** The value in words. */
  text: string;
  /** Where it stands, as a share of the chart. */
  place: number;
  /** The value at a place, given as shares of the chart. */
  valueAt(across: number, down: number): number;
  onMove(value: number): void;
  onHold(held: boolean): void;
}

function Handle(props: HandleProps) {
  const { upright = false, label, value, low, text, place } = props;
  const move = (wanted: number): void => {
    const moved = Math.round(Math.max(low, Math.min(1, wanted)) / STEP) * STEP;
    // Hundredths as the fields write them, without the noise of the multiplication.
    const next = Number(moved.toFixed(2));
    if (next !== value) {
      props.onMove(next);
    }
  };
  const drag = (event: PointerEvent): void => {
    const handle = event.currentTarget as HTMLElement;
    if (handle.hasPointerCapture(event.pointerId)) {
      const { left, top, width, height } = handle.parentElement!.getBoundingClientRect();
      move(props.valueAt(within((event.clientX - left) / width), within((event.clientY - top) / height)));
    }
  };
  return (
    <div
      class={`jp-Workbench-ruleHandle${upright ? ' jp-mod-upright' : ''}`}
      style={{ [upright ? 'top' : 'left']: `${100 * place}%` }}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-orientation={upright ? 'vertical' : 'horizontal'}
      aria-valuemin={low}
      aria-valuemax={1}
      aria-valuenow={value}
      aria-valuetext={text}
      onKeyDown={event => press(event, value, low, move)}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        props.onHold(true);
      }}
      onPointerMove={drag}
      onLostPointerCapture={() => props.onHold(false)}
    />
  );
}

/** A share of the chart for a pointer that may be beyond its edges. */
function within(share: number): number {
  return Math.max(0, Math.min(1, share));
}

function press(event: KeyboardEvent, value: number, low: number, move: (value: number) => void): void {
  const goals: Record<string, number> = {
    ArrowLeft: value - STEP,
    ArrowDown: value - STEP,
    ArrowRight: value + STEP,
    ArrowUp: value + STEP,
    PageDown: value - STRIDE * STEP,
    PageUp: value + STRIDE * STEP,
    Home: low,
    End: 1,
  };
  const goal = goals[event.key];
  if (goal !== undefined && !event.ctrlKey && !event.metaKey && !event.altKey) {
    move(goal);
    event.preventDefault();
    event.stopPropagation();
  }
}
