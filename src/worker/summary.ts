import { modelStats } from "../models/stats.ts";
import type { EvaluationResult } from "../nas/evaluater.ts";
import type { SearchResult } from "../nas/search.ts";
import { alphasText } from "../report/alphas.ts";
import { cellsText } from "../report/cells.ts";
import { costSummary, runSummary } from "../report/summary.ts";
import type { EpochRecord, PassRecord } from "../train/metrics.ts";
import { cellDrawings, cellWeights } from "./drawings.ts";
import type { EpochFigures, PassFigures, RunSummary } from "./protocol.ts";

/** What is kept of a run: the summary, and what its network needs to classify other images. */
export interface StoredSummary extends RunSummary {
  readonly classifier?: ClassifierFacts;
}

/** Of the images that a network was trained on, per channel, of pixels in [0, 1]; and how its parameters are named. */
export interface ClassifierFacts {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly dropPath: boolean;
}

/** What a run's part of `run.json` says of its search. */
export function searchSummary({ found, supernet, report }: SearchResult): NonNullable<RunSummary["search"]> {
  const text = [
    ...(supernet && supernet.alphas.size > 0 ? [alphasText(supernet.desc, supernet.alphas)] : []),
    cellsText(found),
    ...(supernet ? [runSummary(supernet.run, "validation")] : []),
    ...(report ? [report] : []),
  ].join("\n");
  return {
    epochs: supernet ? epochFigures(supernet.run.epochs) : [],
    cells: cellDrawings(found),
    weights: supernet ? cellWeights(supernet.desc, supernet.alphas) : [],
    text,
  };
}

/** The same of its evaluation. */
export function evalSummary({ desc, run, image, classes, report }: EvaluationResult): NonNullable<RunSummary["eval"]> {
  const { height, width, channels } = image;
  const options = { height, width, affine: true };
  const { params, macs } = modelStats(desc, options);
  return {
    epochs: epochFigures(run.epochs),
    params,
    macs,
    image: { height, width, channels },
    classes,
    confusion: run.confusion ?? [],
    text: [costSummary(desc, options), runSummary(run, "test"), ...(report ? [report] : [])].join("\n"),
  };
}

/** How epochs went, as it is told. */
export const epochFigures = (epochs: readonly EpochRecord[]): EpochFigures[] =>
  epochs.map(({ train, val }) => ({ train: figures(train), ...(val && { val: figures(val) }) }));

const figures = ({ averages: { loss, top1, top5 } }: PassRecord): PassFigures => ({ loss, top1, top5 });
