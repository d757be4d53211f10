/** Drawings of 16 x 16 as constant markup; strokes take the colour of the text around them. */
const draw = (paths: string): string =>
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16" class="jp-Workbench-icon" ' +
  'fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">' +
  `${paths}</svg>`;

export const ICONS = {
  patching: draw(
    '<path class="jp-icon3" stroke="currentColor" d="M1.5 3.5h13M1.5 8h13M1.5 12.5h13M5 2v3M10.5 6.5v3M7 11v3"/>',
  ),
  adapter: draw('<path class="jp-icon3" stroke="currentColor" d="M2 2v12h12M4.5 4.5c1.5 5 4 7 9.5 7"/>'),
  edit: draw('<path class="jp-icon3" stroke="currentColor" d="m3 13 .7-3 6.8-6.8 2.3 2.3L6 12.3zM8.5 5.2l2.3 2.3"/>'),
  explain: draw(
    '<path class="jp-icon3" stroke="currentColor" d="M1.5 10.5h13M3.5 10.5v-6M6.5 10.5v-2M9.5 10.5v3M12.5 10.5v-8"/>',
  ),
  ablate: draw('<path class="jp-icon3" stroke="currentColor" d="M2 2h12v12H2zM2 6h12M2 10h12M6 2v12M10 2v12"/>'),
  runs: draw(
    '<path class="jp-icon3" stroke="currentColor" d="M2.5 4h.1M2.5 8h.1M2.5 12h.1M5.5 4h8M5.5 8h8M5.5 12h8"/>',
  ),
  back: draw('<path d="M10 3 5 8l5 5"/>'),
  on: draw('<path d="m6 3 5 5-5 5"/>'),
  open: draw('<path d="m3 6 5 5 5-5"/>'),
  copy: draw('<path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3"/>'),
  run: draw('<path d="M4.5 2.5v11l9-5.5z"/>'),
  stop: draw('<path d="M3.5 3.5h9v9h-9z"/>'),
  done: draw('<path d="m2.5 8.5 3.5 3.5 7.5-8"/>'),
  bad: draw('<path d="m4 4 8 8M12 4l-8 8"/>'),
  guard: draw('<path d="M8 1.5 13.5 3.5v4c0 3.5-2.5 5.5-5.5 7-3-1.5-5.5-3.5-5.5-7v-4z"/>'),
  show: draw(
    '<path d="M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4"/>',
  ),
  warn: draw('<path d="M8 2 1.5 13.5h13zM8 6.5v3.5M8 12v.1"/>'),
  keep: draw('<path d="M2.5 2.5h9l2 2v9h-11zM5 13.5v-4h6v4M5.5 2.5v3h4v-3"/>'),
  more: draw('<path stroke-width="2" d="M3 8h.1M8 8h.1M13 8h.1"/>'),
  table: draw('<path d="M2 3.5h12v9H2zM2 6.5h12M6.5 3.5v9"/>'),
} as const;

export type IconName = keyof typeof ICONS;
