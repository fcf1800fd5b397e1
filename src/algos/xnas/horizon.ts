import type { CellDesc, ModelDesc } from "../../desc/model-desc.ts";
import type { ExpertGroup } from "../../nas/experts.ts";
import { alphasName, PRIMITIVES } from "../../ops/mixture.ts";

/** The rate with the least regret over T rewards within ±L: η = sqrt(2 ln N / (T L²)) (Nayman et al. 2019, theorem 1). */
export const regretRate = (total: number, bound: number): number =>
  Math.sqrt((2 * Math.log(PRIMITIVES.length)) / (total * bound * bound));

/**
 * The experts of each set of cells that share their alphas: a sample rewards them once in every cell.
 * @param samples validation samples in the whole run
 * @param bound largest reward L
 */
export function sharedExperts({ cellDescs }: ModelDesc, samples: number, bound: number): ExpertGroup[] {
  const owners = cellDescs.filter(({ id, trainablesFrom }) => id === trainablesFrom);
  return owners.map((owner): ExpertGroup => {
    const perSample = cellDescs.filter(({ trainablesFrom }) => trainablesFrom === owner.id).length;
    const total = samples * perSample;
    return { names: alphasOf(owner), rate: regretRate(total, bound), perSample, total };
  });
}

/**
 * The experts of the reference: every cell has its own, yet time runs on for all cells of one type together.
 * @param samples @param bound as for `sharedExperts`
 */
export function privateExperts({ cellDescs }: ModelDesc, samples: number, bound: number): ExpertGroup[] {
  return cellDescs.map((cell): ExpertGroup => {
    const alike = cellDescs.filter(({ cellType }) => cellType === cell.cellType);
    const total = samples * alike.length;
    const rate = regretRate(total, bound);
    return { names: alphasOf(cell), rate, perSample: alike.length, place: alike.indexOf(cell), total };
  });
}

const alphasOf = ({ id, nodes }: CellDesc): string[] =>
  nodes.flatMap(({ edges }, node) => edges.map((_, edge) => alphasName(id, node, edge)));
