/** A line of a chart. */
export interface Series {
  readonly label: string;
  /** Custom property that holds its colour, such as `--sn-accent`. */
  readonly color: string;
  readonly dashed?: boolean;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** Whether a line's points are drawn too: while they are few. */
export const showsPoints = ({ points }: Series): boolean => points.length < 12;

/** Columns as the plot wants them: all x of all lines, then each line's y there, null where it has none. */
export type Columns = [number[], ...(number | null)[][]];

/** Puts lines with x of their own on one axis. */
export function alignSeries(series: readonly Series[]): Columns {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const ys = series.map(({ points }) => {
    const at = new Map(points.map(({ x, y }) => [x, y]));
    return xs.map((x) => at.get(x) ?? null);
  });
  return [xs, ...ys];
}
