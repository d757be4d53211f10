/** All views, in the order of the launcher. */
import { ICONS } from './parts/drawings';
import type { View } from './view';

export const VIEWS: readonly View[] = [
  {
    name: 'patching',
    title: trans => trans.__('Patching'),
    caption: trans => trans.__('Find the layers that write the text'),
    icon: ICONS.patching,
    load: () => import('./patching'),
  },
];

export function findView(name: unknown): View | undefined {
  return VIEWS.find(view => view.name === name);
}
