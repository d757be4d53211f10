/** One sentence with the answer, then at most five figures, each with its interval, bound or comparison. */
import type { ComponentChildren } from 'preact';

export interface Figure {
  label: string;
  value: string;
  beside: string;
}

export function VerdictSection(props: { sentence: string; figures: Figure[]; children?: ComponentChildren }) {
  return (
    <div class="jp-Workbench-verdict">
      <h2>{props.sentence}</h2>
      <div class="jp-Workbench-actions">{props.children}</div>
      <dl>
        {props.figures.map(figure => (
          <div key={figure.label}>
            <dt>{figure.label}</dt>
            <dd>
              {figure.value} <small>{figure.beside}</small>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
