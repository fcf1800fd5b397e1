import { mean, meanText } from "./statistics.ts";
import { grouped, inPercent, textTable } from "./table.ts";

/** One run of a comparison. */
export interface ComparedRun {
  readonly algo: string;
  readonly dataset: string;
  readonly seed: number;
  /** Of the run's folders. */
  readonly name: string;
  /** What it came to, or why it came to nothing. */
  readonly outcome: ComparedFigures | { readonly error: string };
}

export interface ComparedFigures {
  /** Share of the test images that were right after the last epoch. */
  readonly top1: number;
  readonly params: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  /** Absent where they are not known. */
  readonly searchSeconds?: number | undefined;
  readonly evalSeconds?: number | undefined;
}

/** Runs of one algorithm on one data set. */
export interface ComparedGroup {
  readonly algo: string;
  readonly dataset: string;
  readonly runs: number;
  readonly figures: readonly ComparedFigures[];
}

/** In the order in which algorithms and data sets first appear. */
export function groupRuns(runs: readonly ComparedRun[]): ComparedGroup[] {
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) {
    const key = JSON.stringify([run.dataset, run.algo]);
    const known = groups.get(key);
    if (known) known.push(run);
    else groups.set(key, [run]);
  }
  return [...groups.values()].map((group) => {
    const { algo, dataset } = group[0]!;
    const figures = group.flatMap(({ outcome }) => ("error" in outcome ? [] : [outcome]));
    return { algo, dataset, runs: group.length, figures };
  });
}

/** A comparison for a terminal: a line an algorithm and data set, and one for each run that failed. */
export function comparisonText(runs: readonly ComparedRun[]): string {
  const rows = groupRuns(runs).map(({ algo, dataset, runs: all, figures }) => {
    const n = figures.length === all ? String(all) : `${figures.length} of ${all}`;
    const over = (value: (one: ComparedFigures) => number | undefined, write: (value: number) => string) => {
      const values = figures.map(value).filter((known) => known !== undefined);
      return values.length === 0 ? "-" : meanText(values, write);
    };
    return [
      algo,
      dataset,
      n,
      figures.length === 0 ? "failed" : over(({ top1 }) => top1, inPercent),
      over(({ searchSeconds }) => searchSeconds, seconds),
      over(({ evalSeconds }) => evalSeconds, seconds),
      over(({ params }) => params, grouped),
      over(({ macs }) => macs, grouped),
    ];
  });
  const headings = [
    "algorithm",
    "data set",
    "n",
    "test top1 %",
    "search s",
    "evaluation s",
    "parameters",
    "multiply-adds",
  ];
  const failures = runs.flatMap(({ algo, dataset, seed, outcome }) =>
    "error" in outcome ? [`${algo} on ${dataset}, seed ${seed}, failed: ${outcome.error}`] : [],
  );
  return [textTable([headings, ...rows]), "mean ± sample standard deviation over n runs", ...failures].join("\n");
}

const seconds = (value: number) => value.toFixed(1);

/** A line a run, in full precision; RFC 4180. */
export function comparisonCsv(runs: readonly ComparedRun[]): string {
  const lines = runs.map(({ algo, dataset, seed, name, outcome }) => {
    const figures = "error" in outcome ? undefined : outcome;
    const error = "error" in outcome ? outcome.error : "";
    const { top1, searchSeconds, evalSeconds, params, macs } = figures ?? {};
    return [algo, dataset, seed, name, top1, searchSeconds, evalSeconds, params, macs, error].map(field).join(",");
  });
  const columns = "algorithm,dataset,seed,run,test_top1,search_seconds,eval_seconds,params,macs,error";
  return `${[columns, ...lines].join("\n")}\n`;
}

function field(value: string | number | undefined): string {
  const text = String(value ?? "");
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Mean of the accuracies of a group; undefined where all its runs failed. */
export function meanTop1({ figures }: ComparedGroup): number | undefined {
  return figures.length === 0 ? undefined : mean(figures.map(({ top1 }) => top1));
}
