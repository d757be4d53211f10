import { type IconName, ICONS } from './drawings';

/** A drawing beside a text or inside a button that has a name; constant markup, never data. */
export function Icon({ name, kind }: { name: IconName; kind?: 'done' | 'bad' | 'warn' }) {
  return (
    <span
      class={`jp-Workbench-iconBox${kind ? ` jp-mod-${kind}` : ''}`}
      aria-hidden="true"
      dangerouslySetInnerHTML={{ __html: ICONS[name] }}
    />
  );
}
