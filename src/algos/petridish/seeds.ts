import type { ModelDesc } from "../../desc/model-desc.ts";
import { macroCombinations } from "../../nas/macro-combinations.ts";
import type { SearchConf } from "../../nas/search-method.ts";
import { Rng } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import { drawPicks } from "../random/draw.ts";
import { PetridishModelBuilder } from "./builder.ts";

/** Inputs of a seed's node where the conf does not say. */
const EDGES = 2;

/**
 * The networks that a search begins with: random cells for every combination of reductions, cells and nodes that
 * `nas.search.pareto` asks for. As in Archai; the paper begins with cells of its own choice.
 */
export function seedNetworks({ model_desc, pareto }: SearchConf, seed: number): ModelDesc[] {
  const { num_edges_to_sample: edges = EDGES } = model_desc;
  return macroCombinations({ model_desc, pareto }).shapes.map(({ reductions, cells, nodes }, index) => {
    // Networks are numbered from 1, and so are their streams.
    const picks = drawPicks(new Rng(seed, STREAMS.growth, index + 1).word(), { nodes, edges });
    const section = {
      ...model_desc,
      n_reductions: reductions,
      n_cells: cells,
      cell: { ...model_desc.cell, n_nodes: nodes },
    };
    return new PetridishModelBuilder(picks).build(section);
  });
}
