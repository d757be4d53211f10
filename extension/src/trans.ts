/** The part of JupyterLab's translation bundles that the views use. */
export interface Trans {
  __(text: string, ...values: unknown[]): string;
  _n(singular: string, plural: string, count: number, ...values: unknown[]): string;
}

/** English as written, for notebook cells and tests: `%1` is the first value; in `_n` it is the count. */
export const english: Trans = {
  __: (text, ...values) => fill(text, values),
  _n: (singular, plural, count, ...values) => fill(count === 1 ? singular : plural, [count, ...values]),
};

function fill(text: string, values: unknown[]): string {
  return text.replace(/%(\d)/g, (_, place: string) => String(values[Number(place) - 1] ?? ''));
}
