/** Two images over each other, with a border between them that is moved by hand or by keys. */
import { useState } from 'preact/hooks';

import type { LoadedImage } from '../images';
import { useTrans } from '../parts/context';
import { smoothIfReduced } from '../parts/image';

/** Widths on screen, in pixels: whole multiples of the native one below them. */
const WIDE = { pixels: 576, times: 6 };
const NARROW = { pixels: 384, times: 4 };
const LONG_STRIDE = 10;

interface SliderProps {
  before: LoadedImage | undefined;
  after: LoadedImage | undefined;
  /** What the two images say. */
  beforeText: string;
  afterText: string;
  alt: string;
}

export function Slider(props: SliderProps) {
  const trans = useTrans();
  const [share, setShare] = useState(50);
  const [native, setNative] = useState(96);
  const { before, after } = props;
  const stride = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (event.shiftKey && by !== undefined) {
      event.preventDefault();
      setShare(before => Math.max(0, Math.min(100, before + by * LONG_STRIDE)));
    }
  };
  const style = { '--share': `${share}%`, '--wide': widthOf(native, WIDE), '--narrow': widthOf(native, NARROW) };
  if (!before || !after) {
    return (
      <div class="jp-Workbench-slider jp-mod-waiting" style={style} role="img" aria-label={props.alt}>
        {trans.__('Not there yet')}
      </div>
    );
  }
  return (
    <div class="jp-Workbench-slider" style={style}>
      <img
        src={before.url}
        alt={props.alt}
        draggable={false}
        onLoad={event => {
          setNative(event.currentTarget.naturalWidth);
          smoothIfReduced(event.currentTarget);
        }}
      />
      <img
        class="jp-mod-after"
        src={after.url}
        alt=""
        draggable={false}
        onLoad={event => smoothIfReduced(event.currentTarget)}
      />
      <span class="jp-Workbench-tag jp-mod-before" aria-hidden="true">
        {trans.__('Before: %1', props.beforeText)}
      </span>
      <span class="jp-Workbench-tag jp-mod-after" aria-hidden="true">
        {trans.__('After: %1', props.afterText)}
      </span>
      <input
        type="range"
        min={0}
        max={100}
        step={1}
        value={share}
        aria-label={trans.__('Before and after')}
        aria-valuetext={trans.__('%1 % of %2, %3 % of %4', share, props.beforeText, 100 - share, props.afterText)}
        onInput={event => setShare(Number(event.currentTarget.value))}
        onKeyDown={stride}
      />
      <i class="jp-Workbench-border" aria-hidden="true" />
    </div>
  );
}

/** A whole multiple of the native width, or all the room there is for a larger image. */
function widthOf(native: number, { pixels, times }: typeof WIDE): string {
  return `${native > pixels ? pixels : native * Math.min(times, Math.floor(pixels / native))}px`;
}
