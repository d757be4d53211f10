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
  {
    name: 'edit',
    title: trans => trans.__('Edit and guard'),
    caption: trans => trans.__('Change the words at the found layers, keep toxic ones out'),
    icon: ICONS.edit,
    load: () => import('./edit'),
  },
  {
    name: 'adapter',
    title: trans => trans.__('Adapter'),
    caption: trans => trans.__('Train LoRA on the found sites alone, and prove the file'),
    icon: ICONS.adapter,
    load: () => import('./adapter'),
  },
  {
    name: 'explain',
    title: trans => trans.__('Explain'),
    caption: trans => trans.__('See which words a classifier decides by'),
    icon: ICONS.explain,
    load: () => import('./explain'),
  },
  {
    name: 'ablate',
    title: trans => trans.__('Ablate'),
    caption: trans => trans.__('Compare variants of attention over small systems'),
    icon: ICONS.ablate,
    load: () => import('./ablate'),
  },
  {
    name: 'runs',
    title: trans => trans.__('Runs'),
    caption: trans => trans.__('Open, resume, compare and delete what ran'),
    icon: ICONS.runs,
    load: () => import('./runs'),
  },
];

export function findView(name: unknown): View | undefined {
  return VIEWS.find(view => view.name === name);
}
