import type { CellDesc, ModelDesc, NodeDesc } from "../../desc/model-desc.ts";
import { SupernetError } from "../../errors.ts";
import { RandomModelDescBuilder } from "../random/builder.ts";

/** The seed that Petridish grows: cells with a few nodes of given ops. */
export class PetridishModelBuilder extends RandomModelDescBuilder {}

/**
 * The description with one more node in every cell, before its last: a Petridish op on all states before it.
 * @throws SupernetError("desc") unless cells project to a fixed number of channels, so that a node more fits
 */
export function addPetridishNode(desc: ModelDesc): ModelDesc {
  return { ...desc, cellDescs: desc.cellDescs.map(grow) };
}

function grow(cell: CellDesc): CellDesc {
  const last = cell.nodes.at(-1);
  const { conv } = cell.postOp.params;
  if (!last || !conv || cell.postOp.name !== "proj_channels") {
    throw new SupernetError(
      "desc",
      `cell ${cell.id} cannot grow: cell_post_op must be proj_channels, with a node or more`,
    );
  }
  const nodes = [...cell.nodes.slice(0, -1), petridishNode(cell, last), last];
  const nodeShapes = nodes.map(() => cell.nodeShapes[0] ?? []);
  const params = { ...cell.postOp.params, conv: { ...conv, chIn: conv.chOut * nodes.length }, outStates: nodes.length };
  return { ...cell, nodes, nodeShapes, postOp: { ...cell.postOp, params } };
}

function petridishNode(cell: CellDesc, { convParams }: NodeDesc): NodeDesc {
  const inputIds = Array.from({ length: cell.nodes.length + 1 }, (_, state) => state);
  const reduces = cell.cellType === "reduction";
  // Only the inputs of the cell have yet to be reduced.
  const strides = inputIds.map((state) => (reduces && state < 2 ? 2 : 1));
  const name = reduces ? "petridish_reduction_op" : "petridish_normal_op";
  const opDesc = {
    name,
    inLen: inputIds.length,
    params: { conv: convParams, strides },
    children: null,
    childrenIns: null,
  };
  return { convParams, edges: [{ inputIds, opDesc }] };
}
