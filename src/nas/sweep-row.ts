import type { ExperimentConf } from "../config/index.ts";
import { suggest } from "../config/nearest.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import { modelStats } from "../models/stats.ts";
import {
  COST_NAMES,
  type CostName,
  costOf,
  type SweepFigures,
  type SweepPlace,
  type SweepRow,
} from "../report/sweep-row.ts";
import { bestEpochs, type RunRecord } from "../train/metrics.ts";
import type { InferenceCost } from "./inference-cost.ts";
import { paretoSet } from "./pareto.ts";

/** @param image side lengths of the images that it was trained on */
export function sweepFigures(
  desc: ModelDesc,
  { epochs }: RunRecord,
  image: { readonly height: number; readonly width: number },
  inference: InferenceCost,
): SweepFigures {
  const { params, flops, macs } = modelStats(desc, { ...image, affine: true });
  const best = bestEpochs(epochs);
  if (!best.train || !best.val) throw new Error("a sweep compares networks that were validated");
  return { train: best.train, val: best.val, params, flops, macs, inference };
}

/** @throws SupernetError("config") for a name in `nas.search.pareto.costs` that is none of a cost */
export function costsOf({ nas }: ExperimentConf): CostName[] {
  return nas.search.pareto.costs.split(",").map((part) => {
    const name = COST_NAMES.find((known) => known === part.trim());
    if (name) return name;
    throw new SupernetError(
      "config",
      `nas.search.pareto.costs names "${part.trim()}"; ${suggest(part.trim(), COST_NAMES)}`,
    );
  });
}

/**
 * Marks the Pareto set, and what was found: the most accurate one on the images kept back; of equals the one with the fewest
 * multiply-adds, then with the fewest parameters, then the first. (Archai takes the last of equals.) A cost that is not known
 * of all of them does not count.
 *
 * @param places in the order in which they were searched
 */
export function markRows(places: readonly (SweepPlace & SweepFigures)[], costs: readonly CostName[]): SweepRow[] {
  const known = costs.filter((name) => places.every((place) => !Number.isNaN(costOf(place, name))));
  const inSet = paretoSet(
    places.map((place) => ({ gain: place.val.top1, costs: known.map((name) => costOf(place, name)) })),
  );
  const [best] = [...places].sort((a, b) => b.val.top1 - a.val.top1 || a.macs - b.macs || a.params - b.params);
  return places.map((place, i) => ({ ...place, pareto: inSet[i]!, found: place === best }));
}
