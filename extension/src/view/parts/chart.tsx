/** A small scatter chart with axes, and the same data as a table. */
import type { ComponentChildren } from 'preact';

import { useTrans } from './context';
import { axis, score } from './numbers';

const WIDTH = 432;
const HEIGHT = 240;
export const CHART = { width: WIDTH, height: HEIGHT } as const;
const EDGE = { left: 40, right: 12, top: 12, bottom: 36 };

export interface ChartFrame {
  x(value: number): number;
  y(value: number): number;
  /** The values at a place: `x` and `y` the other way. */
  acrossAt(x: number): number;
  upAt(y: number): number;
  width: number;
  height: number;
}

export interface ChartAxis {
  label: string;
  values: number[];
  /** A tick as text; a score unless given. */
  show?(tick: number): string;
}

/** The frame, its axes and grid; `children` draws the marks into it. */
export function Chart(props: {
  /** One sentence with what is to be seen. */
  summary: string;
  across: ChartAxis;
  up: ChartAxis;
  children(frame: ChartFrame): ComponentChildren;
  /** What can be moved by hand; it lies over the picture, which has no children for screen readers. */
  over?(frame: ChartFrame): ComponentChildren;
}) {
  const x = axis(Math.min(0, ...props.across.values), Math.max(0.01, ...props.across.values));
  const low = Math.min(0, ...props.up.values);
  const y = axis(low, Math.max(low < 0 ? 0 : 0.1, ...props.up.values));
  const [right, bottom] = [WIDTH - EDGE.right, HEIGHT - EDGE.bottom];
  const frame: ChartFrame = {
    x: value => EDGE.left + ((right - EDGE.left) * (value - x.low)) / (x.high - x.low),
    y: value => bottom - ((bottom - EDGE.top) * (value - y.low)) / (y.high - y.low),
    acrossAt: at => x.low + ((x.high - x.low) * (at - EDGE.left)) / (right - EDGE.left),
    upAt: at => y.low + ((y.high - y.low) * (bottom - at)) / (bottom - EDGE.top),
    width: right,
    height: bottom,
  };
  return (
    <figure class="jp-Workbench-chart">
      <figcaption>{props.up.label}</figcaption>
      <div class="jp-Workbench-chartArea">
        <svg role="img" aria-label={props.summary} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
          {y.ticks.map(tick => (
            <g key={tick}>
              <line class="jp-mod-grid" x1={EDGE.left} x2={right} y1={frame.y(tick)} y2={frame.y(tick)} />
              <text class="jp-mod-end" x={EDGE.left - 6} y={frame.y(tick) + 4}>
                {props.up.show ? props.up.show(tick) : score(tick, decimalsOf(y.ticks))}
              </text>
            </g>
          ))}
          {x.ticks.map(tick => (
            <text key={tick} class="jp-mod-middle" x={frame.x(tick)} y={bottom + 14}>
              {props.across.show ? props.across.show(tick) : score(tick, decimalsOf(x.ticks))}
            </text>
          ))}
          <text class="jp-mod-end" x={right} y={HEIGHT - 4}>
            {props.across.label}
          </text>
          {props.children(frame)}
        </svg>
        {props.over?.(frame)}
      </div>
    </figure>
  );
}

function decimalsOf(ticks: number[]): number {
  return ticks.every(tick => Math.abs(tick * 10 - Math.round(tick * 10)) < 1e-9) ? 1 : 2;
}

export function DataTable(props: { caption: string; heads: string[]; rows: string[][] }) {
  const trans = useTrans();
  return (
    <table class="jp-Workbench-table">
      <caption>{props.caption}</caption>
      <thead>
        <tr>
          {props.heads.map(head => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row, place) => (
          <tr key={place}>
            {row.map((cell, column) => (
              <td key={column}>{cell}</td>
            ))}
          </tr>
        ))}
        {props.rows.length === 0 && (
          <tr>
            <td colSpan={props.heads.length}>{trans.__('Nothing measured yet')}</td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
