/** Icons of the views for tabs, launcher and palette. */
import { LabIcon } from '@jupyterlab/ui-components';

import type { View } from '../view/view';

const icons = new Map<string, LabIcon>();

export function iconOf(view: View): LabIcon {
  const known = icons.get(view.name);
  const icon = known ?? new LabIcon({ name: `attention-workbench:${view.name}`, svgstr: view.icon });
  icons.set(view.name, icon);
  return icon;
}
