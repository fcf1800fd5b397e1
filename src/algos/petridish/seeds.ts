import type { ModelDescConf } from "../../config/schema/nas.ts";
import type { ModelDesc } from "../../desc/model-desc.ts";
import type { SearchConf } from "../../nas/algorithm.ts";
import { Rng } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import { drawPicks } from "../random/draw.ts";
import { PetridishModelBuilder } from "./builder.ts";

/** A network's shape at large. */
export interface Macro {
  readonly reductions: number;
  readonly cells: number;
  readonly nodes: number;
}

/** A network that the search begins with. */
export interface Seed extends Macro {
  readonly desc: ModelDesc;
}

/**
 * The combinations of `model_desc` (the least) and `pareto` (the most) that can be built, in Archai's order; only the least
 * where `pareto.enabled` is off.
 */
export function macroCombinations({ model_desc, pareto }: SearchConf): Macro[] {
  const least = { reductions: model_desc.n_reductions, cells: model_desc.n_cells, nodes: model_desc.cell.n_nodes };
  const { enabled, max_reductions, max_cells, max_nodes } = pareto;
  const most = enabled ? { reductions: max_reductions, cells: max_cells, nodes: max_nodes } : least;
  return range(least.reductions, most.reductions).flatMap((reductions) =>
    range(least.cells, most.cells)
      // Reductions need a regular cell before, between and after them.
      .filter((cells) => cells >= 2 * reductions + 1)
      .flatMap((cells) => range(least.nodes, most.nodes).map((nodes) => ({ reductions, cells, nodes }))),
  );
}

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

/** Every seed: random cells of each combination, drawn by the seed and the number of the network, which counts from 1. */
export function seedNetworks(conf: SearchConf, seed: number): Seed[] {
  return macroCombinations(conf).map((macro, item) => {
    const edges = conf.model_desc.num_edges_to_sample ?? EDGES;
    const picks = drawPicks(new Rng(seed, STREAMS.growth, item + 1).word(), { nodes: macro.nodes, edges });
    return { ...macro, desc: new PetridishModelBuilder(picks).build(withMacro(conf.model_desc, macro)) };
  });
}

/** Inputs of a seed's node where the conf does not say. */
const EDGES = 2;

/** The section with the sizes of a combination. */
export function withMacro(section: ModelDescConf, { reductions, cells, nodes }: Macro): ModelDescConf {
  return { ...section, n_reductions: reductions, n_cells: cells, cell: { ...section.cell, n_nodes: nodes } };
}
