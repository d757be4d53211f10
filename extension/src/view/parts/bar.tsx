/** The first line of every panel: what is open, one line about it, the kernel, and the code of what is shown. */
import type { ComponentChildren } from 'preact';

import { Button } from './button';
import { KernelChip } from './chip';
import { useTrans } from './context';
import { Menu, type MenuItem } from './menu';

export function Bar(props: {
  about: string;
  onCopy?: (() => void) | undefined;
  /** What is needed seldom, under the button at the end. */
  more?: MenuItem[];
  children?: ComponentChildren;
}) {
  const trans = useTrans();
  return (
    <div class="jp-Workbench-bar" role="toolbar" aria-label={trans.__('What is open')}>
      {props.children}
      <span class="jp-Workbench-about" title={props.about}>
        {props.about}
      </span>
      <KernelChip />
      {props.onCopy && <Button icon="copy" label={trans.__('Copy as Python')} onClick={props.onCopy} />}
      {props.more && <Menu items={props.more} />}
    </div>
  );
}
