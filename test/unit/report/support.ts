import type { CellDesc, CellType, EdgeDesc, ModelDesc, OpDesc } from "../../../src/desc/model-desc.ts";
import { opDesc } from "../../../src/desc/model-desc.ts";

/** An edge through an op of that name. */
export const edge = (name: string, ...inputIds: number[]): EdgeDesc => ({
  inputIds,
  opDesc: opDesc(name, {}, inputIds.length),
});

/** An edge through a `multi_op` of these ops, all on one state. */
export function multiEdge(state: number, names: readonly string[]): EdgeDesc {
  const children = names.map((name) => opDesc(name, {}));
  const multi: OpDesc = { ...opDesc("multi_op", {}), children, childrenIns: names.map(() => 0) };
  return { inputIds: [state], opDesc: multi };
}

/** A cell of which only the nodes matter. */
export function cell(id: number, cellType: CellType, nodes: readonly EdgeDesc[][], trainablesFrom = id): CellDesc {
  return {
    id,
    cellType,
    confCell: {},
    stems: [],
    stemShapes: [],
    nodes: nodes.map((edges) => ({ edges, convParams: { chIn: 4, chOut: 4 } })),
    nodeShapes: [],
    postOp: opDesc("concate_channels", {}),
    outShape: [],
    trainablesFrom,
  };
}

/** A network of which only the cells matter. */
export const network = (...cellDescs: CellDesc[]): ModelDesc => ({
  confModelDesc: {},
  dsCh: 3,
  nClasses: 10,
  params: {},
  maxFinalEdges: 2,
  modelStems: [],
  cellDescs,
  auxTowerDescs: cellDescs.map(() => null),
  poolOp: opDesc("pool_adaptive_avg2d", {}),
  logitsOp: opDesc("linear", {}),
});
