import uPlot from "uplot";
import styleText from "uplot/dist/uPlot.min.css?inline";
import { type Columns, type Series, showsPoints } from "./series.ts";

/** Loaded when the first chart is seen: the plotting library and what makes it ours. */

export interface PlotOptions {
  readonly width: number;
  readonly height: number;
  readonly series: readonly Series[];
  /** The points of the lines, aligned. */
  readonly columns: Columns;
  /** Ends of the x axis. */
  readonly xRange: readonly [number, number];
  /** Writes a value of the y axis. */
  readonly format: (y: number) => string;
  /** Fixed ends of the y axis; as the data have it where absent. */
  readonly yRange?: readonly [number, number];
  /** The colour behind a custom property. */
  readonly color: (property: string) => string;
  readonly font: string;
}

export type Plot = uPlot;

export const plotStyles = new CSSStyleSheet();
plotStyles.replaceSync(styleText);

/** Draws lines into `parent`. The caller destroys the plot. */
export function createPlot(parent: HTMLElement, options: PlotOptions): Plot {
  const { width, height, series, columns, xRange, yRange, format, color, font } = options;
  const axis = {
    stroke: color("--sn-muted"),
    font,
    grid: { stroke: color("--sn-line"), width: 1 },
    ticks: { stroke: color("--sn-line"), width: 1, size: 4 },
  };
  return new uPlot(
    {
      width,
      height,
      legend: { show: false },
      cursor: { show: false },
      padding: [8, 10, 0, 0],
      scales: { x: { time: false, range: [...xRange] }, y: yRange ? { range: [...yRange] } : {} },
      axes: [
        {
          ...axis,
          size: 26,
          gap: 3,
          incrs: [0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200],
          values: (_, values) => values.map(epoch),
        },
        { ...axis, size: 52, gap: 4, space: 28, values: (_, values) => values.map(format) },
      ],
      series: [
        {},
        ...series.map((line) => ({
          label: line.label,
          stroke: color(line.color),
          width: 1.75,
          dash: line.dashed ? [5, 4] : undefined,
          spanGaps: true,
          points: { show: showsPoints(line), size: 6, fill: color(line.color) },
        })),
      ],
    },
    columns,
    parent,
  );
}

/** The first label says what is counted. */
function epoch(value: number, index: number): string {
  return index === 0 ? `epoch ${value}` : String(value);
}
