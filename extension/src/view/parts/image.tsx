/** Images shown pixel by pixel where they are small, and the signed difference of two. */
import { useEffect, useRef, useState } from 'preact/hooks';

import type { LoadedImage } from '../images';
import { rampLevel } from './ramp';

interface ImageProps {
  image: LoadedImage | undefined;
  alt: string;
  /** Whole multiple of the native size, 96 x 32 for the embedded models. */
  times?: 1 | 2;
}

export function PixelImage({ image, alt, times = 1 }: ImageProps) {
  return image ? (
    <img
      class={`jp-Workbench-image jp-mod-x${times}`}
      src={image.url}
      alt={alt}
      draggable={false}
      onLoad={event => smoothIfReduced(event.currentTarget)}
    />
  ) : (
    <span class={`jp-Workbench-image jp-mod-x${times} jp-mod-waiting`} role="img" aria-label={alt}>
      …
    </span>
  );
}

/** Pixels are drawn as they are where there is room for them; an image that is larger than its place is smoothed. */
export function smoothIfReduced(image: HTMLImageElement | HTMLCanvasElement): void {
  const [width, height] =
    image instanceof HTMLImageElement ? [image.naturalWidth, image.naturalHeight] : [image.width, image.height];
  const [across, down] = [image.clientWidth, image.clientHeight].map(pixels => pixels * window.devicePixelRatio);
  image.classList.toggle('jp-mod-smooth', width > across! || height > down!);
}

/** Luminance of the second image minus that of the first, on the ramp. */
export function DifferenceImage(props: { from: LoadedImage | undefined; to: LoadedImage | undefined; alt: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const { from, to } = props;
  useEffect(() => {
    let current = true;
    const draw = async (): Promise<void> => {
      const pixels = from && to ? await Promise.all([pixelsOf(from.url), pixelsOf(to.url)]) : null;
      if (current && pixels && canvas.current) {
        drawDifference(canvas.current, pixels[0], pixels[1]);
      }
    };
    // An image may be given up while it is decoded; nothing is drawn then.
    draw().catch(() => undefined);
    return () => {
      current = false;
    };
  }, [from?.url, to?.url, theme]);
  return <canvas ref={canvas} class="jp-Workbench-image jp-mod-x2" role="img" aria-label={props.alt} />;
}

async function pixelsOf(url: string): Promise<ImageData> {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
  const context = canvas.getContext('2d')!;
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function drawDifference(canvas: HTMLCanvasElement, from: ImageData, to: ImageData): void {
  if (from.width !== to.width || from.height !== to.height) {
    return;
  }
  const ramp = rampOf(canvas);
  const shown = new ImageData(from.width, from.height);
  for (let at = 0; at < shown.data.length; at += 4) {
    const level = rampLevel((luminance(to.data, at) - luminance(from.data, at)) / 255, 1);
    shown.data.set([...ramp[level]!, 255], at);
  }
  canvas.width = from.width;
  canvas.height = from.height;
  canvas.getContext('2d')!.putImageData(shown, 0, 0);
  smoothIfReduced(canvas);
}

function luminance(data: Uint8ClampedArray, at: number): number {
  return 0.2126 * data[at]! + 0.7152 * data[at + 1]! + 0.0722 * data[at + 2]!;
}

/** The ramp of the theme that holds where an element stands, as red, green and blue. */
function rampOf(element: HTMLElement): number[][] {
  const style = getComputedStyle(element);
  return Array.from({ length: 21 }, (_, level) => {
    const colour = style.getPropertyValue(`--jp-workbench-ramp-${level}`).trim();
    return [1, 3, 5].map(place => parseInt(colour.slice(place, place + 2), 16) || 0);
  });
}

/** A number that changes with the theme of the page. */
function useTheme(): number {
  const [theme, setTheme] = useState(0);
  useEffect(() => {
    const watch = new MutationObserver(() => setTheme(count => count + 1));
    const attributeFilter = ['data-jp-theme-light', 'data-jp-theme-name'];
    watch.observe(document.body, { attributes: true, attributeFilter });
    return () => watch.disconnect();
  }, []);
  return theme;
}
