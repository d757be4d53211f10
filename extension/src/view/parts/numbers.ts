/** Numbers as text: a true minus sign, two decimals for scores, thousands grouped by the locale. */
import type { Trans } from '../../trans';

export function score(value: number, decimals = 2): string {
  const rounded = value.toFixed(decimals);
  return Number(rounded) === 0 ? (0).toFixed(decimals) : rounded.replace('-', '\u2212');
}

/** A number whose sign matters: with a plus or a true minus. */
export function signed(value: number, decimals = 2): string {
  const shown = score(value, decimals);
  return Number(value.toFixed(decimals)) > 0 ? `+${shown}` : shown;
}

/** A power of ten on a logarithmic axis whose values are logarithms; nothing between the powers. */
export function powerOfTen(exponent: number): string {
  const whole = Math.round(exponent);
  if (Math.abs(exponent - whole) > 1e-9) {
    return '';
  }
  return whole >= 0 && whole <= 4 ? count(10 ** whole) : `1e${score(whole, 0)}`;
}

export function range([low, high]: readonly [number, number]): string {
  return `${score(low)} \u2013 ${score(high)}`;
}

export function percent(share: number, decimals = 0): string {
  return `${score(100 * share, decimals)} %`;
}

export function count(value: number): string {
  return value.toLocaleString();
}

export function parameters(value: number): string {
  return value >= 1e6 ? `${(value / 1e6).toFixed(1)} M` : count(value);
}

export function bytes(value: number): string {
  return value >= 1e9 ? `${(value / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(value / 1e6))} MB`;
}

export function duration(seconds: number, trans: Trans): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) {
    return trans.__('%1 h %2 min', hours, minutes);
  }
  return minutes > 0 ? trans.__('%1 min %2 s', minutes, whole % 60) : trans.__('%1 s', whole);
}

/** A time of the kernel as the reader's locale writes it. */
export function moment(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

/** Round limits of an axis and at most five ticks that cover a range of values. */
export function axis(low: number, high: number): { low: number; high: number; ticks: number[] } {
  const span = Math.max(high - low, 1e-6);
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = power * ([1, 2, 5, 10].find(factor => span / (factor * power) <= 4) ?? 10);
  const [first, last] = [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  const ticks = Array.from({ length: last - first + 1 }, (_, place) => (first + place) * step);
  return { low: first * step, high: last * step, ticks };
}
