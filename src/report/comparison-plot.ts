import { type ComparedGroup, type ComparedRun, groupRuns, meanTop1 } from "./comparison.ts";
import { meanText, sampleDeviation } from "./statistics.ts";
import { dot, line, nameAxis, numberAxis, plotSvg } from "./svg.ts";
import { inPercent } from "./table.ts";

const SEED = "#38c";
const MEAN = "#c30";
/** Pixels between the dots of two runs, and half the lengths of the bars of a mean and of a deviation's end. */
const [APART, BAR, CAP] = [10, 24, 8];

/** The runs on one data set as an SVG file: a dot a run, a bar at the mean of each algorithm, and mean ± deviation. */
export function comparisonPlot(all: readonly ComparedRun[], dataset: string): string {
  const groups = groupRuns(all.filter((run) => run.dataset === dataset));
  const values = groups.flatMap(({ figures }) => figures.map(({ top1 }) => top1));
  const spans = groups.flatMap((group) => span(group) ?? []);
  const x = nameAxis(
    "",
    groups.map(({ algo }) => algo),
  );
  const y = numberAxis("y", "test top1 in %", values.length > 0 ? [...values, ...spans] : [0, 1], inPercent);
  return plotSvg({
    title: `Test accuracy on ${dataset}`,
    desc: `Mean ± sample standard deviation. ${groups.map(inWords).join("; ")}.`,
    x,
    y,
    marks: groups.flatMap((group, index) => marksOf(group, x.place(index), y.place)),
  });
}

/** From mean − deviation to mean + deviation. */
function span(group: ComparedGroup): [number, number] | undefined {
  const middle = meanTop1(group);
  const deviation = sampleDeviation(group.figures.map(({ top1 }) => top1));
  return middle === undefined || deviation === undefined ? undefined : [middle - deviation, middle + deviation];
}

function marksOf(group: ComparedGroup, x: number, y: (value: number) => number): string[] {
  const { algo, figures } = group;
  const middle = meanTop1(group);
  if (middle === undefined) return [];
  const ends = span(group)?.map(y);
  const first = x - ((figures.length - 1) / 2) * APART;
  return [
    line(x - BAR, y(middle), x + BAR, y(middle), MEAN),
    ...(ends
      ? [line(x, ends[0]!, x, ends[1]!, MEAN), ...ends.map((end) => line(x - CAP, end, x + CAP, end, MEAN))]
      : []),
    ...figures.map(({ top1 }, i) => dot(first + i * APART, y(top1), 4, SEED, `${algo}: ${inPercent(top1)} %`)),
  ];
}

function inWords({ algo, figures, runs }: ComparedGroup): string {
  if (figures.length === 0) return `${algo}: all ${runs} runs failed`;
  return `${algo}: ${meanText(
    figures.map(({ top1 }) => top1),
    inPercent,
  )} % of ${figures.length} runs`;
}
