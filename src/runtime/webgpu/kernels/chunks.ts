/** Inputs one dispatch of a sum over tensors may read: with the result and one more tensor, eight bindings. */
export const TERMS = 6;

/** `items` in runs of at most `TERMS`. */
export function chunks<T>(items: readonly T[]): T[][] {
  const result: T[][] = [];
  for (let start = 0; start < items.length; start += TERMS) result.push(items.slice(start, start + TERMS));
  return result;
}

/** WESL conditions `x1` … `x5`: whether a second, third … tensor takes part. */
export const termConditions = (count: number): Record<string, boolean> =>
  Object.fromEntries(Array.from({ length: TERMS - 1 }, (_, index) => [`x${index + 1}`, count > index + 1]));
