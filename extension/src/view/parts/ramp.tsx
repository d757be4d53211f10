/** The diverging ramp: 21 steps, symmetric around zero, one linear scale for everything that is compared. */
import { score } from './numbers';

const LEVELS = 20;

/** The colour of a value as a CSS variable; values beyond the limit take the end of the ramp. */
export function rampColour(value: number, limit: number): string {
  return `var(--jp-workbench-ramp-${rampLevel(value, limit)})`;
}

export function rampLevel(value: number, limit: number): number {
  const share = Math.max(-1, Math.min(1, limit > 0 ? value / limit : 0));
  return Math.round((LEVELS / 2) * (share + 1));
}

/** The limit of a scale: the 98th percentile of the sizes, rounded up to 1, 2 or 5. */
export function rampLimit(values: number[]): number {
  const sizes = values.map(Math.abs).sort((one, other) => one - other);
  const size = sizes[Math.floor(0.98 * (sizes.length - 1))] ?? 0;
  if (size <= 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5, 10].find(factor => factor * power >= size * (1 - 1e-9)) ?? 10);
}

export function RampScale({ limit, low, high }: { limit: number; low?: string; high?: string }) {
  const levels = Array.from({ length: LEVELS + 1 }, (_, level) => level);
  return (
    <span class="jp-Workbench-scale">
      {low ?? score(-limit)}
      <span class="jp-Workbench-scaleBar" aria-hidden="true">
        {levels.map(level => (
          <i key={level} style={{ background: `var(--jp-workbench-ramp-${level})` }} />
        ))}
      </span>
      {high ?? `+${score(limit)}`}
    </span>
  );
}

/** A row of a heat map. A value that is not measured yet stays empty. */
export function HeatRow(props: { values: (number | null)[]; limit: number; names: string[] }) {
  return (
    <div class="jp-Workbench-heat" aria-hidden="true">
      {props.values.map((value, place) => (
        <i
          key={place}
          class={value === null ? 'jp-mod-empty' : undefined}
          style={value === null ? {} : { background: rampColour(value, props.limit) }}
          title={value === null ? props.names[place] : `${props.names[place]}: ${score(value)}`}
        />
      ))}
    </div>
  );
}
