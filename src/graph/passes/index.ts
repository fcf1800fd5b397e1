import { SupernetError } from "../../errors.ts";
import type { Graph } from "../types.ts";
import { batchSoftmax } from "./batch-softmax.ts";
import { batchUpdates } from "./batch-updates.ts";
import { bundleDense } from "./bundle-dense.ts";
import { bundleDepthwise } from "./bundle-depthwise.ts";
import { bundlePointwise } from "./bundle-pointwise.ts";
import { commonSubexpressions } from "./common-subexpressions.ts";
import { constantFolding } from "./constant-folding.ts";
import { deadCode } from "./dead-code.ts";
import { epilogues } from "./epilogues.ts";
import { foldLoads } from "./fold-loads.ts";
import { foldPoolGradients } from "./fold-pool-gradients.ts";
import { joinGradients } from "./join-gradients.ts";
import { joinStates } from "./join-states.ts";
import { loneConvolutions } from "./lone-convolutions.ts";
import { loneNorms } from "./lone-norms.ts";
import { mixTerms } from "./mix-terms.ts";
import { poolPairs } from "./pool-pairs.ts";
import { recompute } from "./recompute.ts";
import type { Pass } from "./rewrite.ts";
import { widenChannels } from "./widen-channels.ts";

export type { Pass } from "./rewrite.ts";

/**
 * The passes in stages. Those of a stage run in turn until none of them changes the graph any more.
 *
 * Before differentiation siblings are joined, level after level: bundles of the first convolutions let the batch norms after
 * them be joined, which lets the next convolutions be bundled. What is joined there has joined gradients by itself.
 */
const BEFORE: readonly (readonly Pass[])[] = [
  [commonSubexpressions, deadCode],
  [joinStates],
  [
    commonSubexpressions,
    widenChannels,
    bundleDepthwise,
    bundlePointwise,
    bundleDense,
    widenChannels,
    poolPairs,
    deadCode,
  ],
  [loneConvolutions],
  [widenChannels, mixTerms, foldLoads, deadCode],
  [loneNorms, batchUpdates, batchSoftmax, deadCode],
];

/** After differentiation, or on a graph that has no gradients. */
const AFTER: readonly (readonly Pass[])[] = [
  [constantFolding, commonSubexpressions, deadCode],
  [joinGradients, mixTerms, foldPoolGradients, deadCode],
  [recompute],
  [epilogues],
];

/** All passes, each once. */
export const passes: readonly Pass[] = [...new Set([...BEFORE, ...AFTER].flat())];

export interface PassOptions {
  /** Names of passes to leave out, to compare results or to look for a fault. */
  readonly without?: readonly string[];
}

/**
 * What pays before differentiation: to be run on a forward graph whose outputs name everything that is still needed of it.
 *
 * @throws SupernetError("graph") when there is no pass of such a name
 */
export const optimizeForward = (graph: Graph, options: PassOptions = {}): Graph => run(graph, BEFORE, options);

/**
 * To be called last, on a graph that already holds its gradients (`differentiate`); what the outputs mean stays, and so does
 * the list of parameters.
 *
 * @throws SupernetError("graph") when there is no pass of such a name
 */
export const optimize = (graph: Graph, options: PassOptions = {}): Graph => run(graph, AFTER, options);

function run(graph: Graph, stages: readonly (readonly Pass[])[], { without = [] }: PassOptions): Graph {
  for (const name of without) {
    if (!passes.some((pass) => pass.name === name)) {
      const names = passes.map((pass) => pass.name).join(", ");
      throw new SupernetError("graph", `there is no graph pass "${name}"; the passes are ${names}`);
    }
  }
  let result = graph;
  for (const stage of stages) {
    const chosen = stage.filter((pass) => !without.includes(pass.name));
    for (let before = ""; before !== signature(result); ) {
      before = signature(result);
      for (const pass of chosen) result = pass.run(result);
    }
  }
  return result;
}

/** Equal for graphs that consist of the same ops on the same values. */
const signature = ({ nodes }: Graph): string => nodes.map(({ op, inputs }) => `${op}(${inputs})`).join();
