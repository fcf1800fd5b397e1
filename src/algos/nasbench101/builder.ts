import type { ModelDescConf } from "../../config/schema/nas.ts";
import { ModelDescBuilder, parseSection } from "../../desc/builder.ts";
import type { CellPlan } from "../../desc/macro.ts";
import { type CellDesc, type ModelDesc, type NodeDesc, type OpDesc, opDesc } from "../../desc/model-desc.ts";
import { SupernetError } from "../../errors.ts";
import { type Cell, parseParams, vertexChannels } from "./cell.ts";

/**
 * Networks of NASBench-101 (Ying et al. 2019, arXiv:1902.09635, section 2.1): a 3x3 stem; stacks of equal cells, the channels
 * doubled and the image halved by max pooling between stacks; global mean; linear. A cell reads the cell before it only.
 *
 * Of the conf, `n_cells` are divided among `params.num_stacks`; `n_reductions`, `cell` and the aux tower are not the
 * benchmark's and have no effect. `reference_quirks: True` describes what Archai's builder does: cells of `cell.n_nodes`
 * vertices, all of full width, that read the cell before last, between the reductions of a DARTS network.
 */
export class NasBench101ModelDescBuilder extends ModelDescBuilder {
  override build(section: Readonly<Record<string, unknown>>): ModelDesc {
    const conf = parseSection(section);
    return conf.reference_quirks ? super.build(section) : buildBenchmark(section, conf);
  }

  protected override buildNodes({ nodeChannels }: CellPlan, conf: ModelDescConf): NodeDesc[] {
    const { cell } = parseParams(conf.params);
    const convParams = { chIn: nodeChannels, chOut: nodeChannels };
    return Array.from({ length: conf.cell.n_nodes }, (_, i) => {
      if (i + 1 >= cell.ops.length) {
        throw new SupernetError(
          "config",
          `cell.n_nodes is ${conf.cell.n_nodes}, but the cell has ${cell.ops.length - 2} vertices between input and output`,
        );
      }
      return vertexNode(cell, i + 1, 0, convParams, convParams);
    });
  }
}

/** @param input the state that is the cell's input */
function vertexNode(
  { matrix, ops }: Cell,
  v: number,
  input: 0 | 1,
  convParams: NodeDesc["convParams"],
  conv: NodeDesc["convParams"],
): NodeDesc {
  const firstProj = matrix[0]![v]!;
  const before = ops.flatMap((_, u) => (u > 0 && u < v && matrix[u]![v] ? [stateOf(u)] : []));
  const inputIds = [...(firstProj ? [input] : []), ...before];
  const params = { conv, stride: 1, vertexOp: ops[v]!, firstProj };
  return { convParams, edges: [{ inputIds, opDesc: opDesc("nasbench101_op", params, inputIds.length) }] };
}

/** States 0 and 1 are the outputs of the two cells before, so vertex 1 is state 2. */
const stateOf = (vertex: number) => vertex + 1;

function buildBenchmark(section: Readonly<Record<string, unknown>>, conf: ModelDescConf): ModelDesc {
  const { cell, stacks } = parseParams(conf.params);
  const { ops, init_node_ch, stem_multiplier } = conf.model_stems;
  const { channels: dsCh, n_classes: nClasses } = conf.dataset;
  if (conf.n_cells % stacks !== 0) {
    throw new SupernetError(
      "config",
      `n_cells is ${conf.n_cells}, which does not divide into ${stacks} stacks (num_stacks)`,
    );
  }
  if (ops[0] !== ops[1]) {
    throw new SupernetError(
      "config",
      `nasbench101 has one stem, but model_stems.ops names ${ops.join(" and ")}: name one twice`,
    );
  }
  const stem = opDesc(ops[0]!, { conv: { chIn: dsCh, chOut: init_node_ch * stem_multiplier } });
  let [before, last] = [stem.params.conv!.chOut, stem.params.conv!.chOut];
  const cellDescs = Array.from({ length: conf.n_cells }, (_, id): CellDesc => {
    const perStack = conf.n_cells / stacks;
    const chOut = init_node_ch * 2 ** Math.floor(id / perStack);
    const desc = buildCell(cell, id, { before, last, chOut, halve: id > 0 && id % perStack === 0 });
    [before, last] = [last, chOut];
    return desc;
  });
  return {
    confModelDesc: section,
    dsCh,
    nClasses,
    params: conf.params,
    maxFinalEdges: conf.max_final_edges,
    modelStems: [stem],
    cellDescs,
    auxTowerDescs: cellDescs.map(() => null),
    poolOp: opDesc(conf.model_post_op, { conv: { chIn: last, chOut: last } }),
    logitsOp: opDesc("linear", { nCh: last, nClasses }),
  };
}

interface Place {
  /** Channels of the cell before last, and of the last one. */
  readonly before: number;
  readonly last: number;
  readonly chOut: number;
  readonly halve: boolean;
}

function buildCell(cell: Cell, id: number, { before, last, chOut, halve }: Place): CellDesc {
  const output = cell.ops.length - 1;
  const channels = vertexChannels(cell, last, chOut);
  const interior = cell.ops.flatMap((_, v) => (v > 0 && v < output ? [v] : []));
  const nodes = interior.map((v) => {
    const convParams = { chIn: last, chOut: channels[v]! };
    return vertexNode(cell, v, 1, convParams, cell.matrix[0]![v] ? convParams : { ...convParams, chIn: channels[v]! });
  });
  const passed = (width: number): OpDesc => opDesc("identity", { conv: { chIn: width, chOut: width } });
  const outputIds = interior.filter((v) => cell.matrix[v]![output]).map(stateOf);
  return {
    id,
    cellType: halve ? "reduction" : "regular",
    confCell: {},
    stems: [passed(before), halve ? opDesc("max_pool_2x2", { conv: { chIn: last, chOut: last } }) : passed(last)],
    stemShapes: [before, last].map((width) => [width, -1, -1, -1]),
    nodes,
    nodeShapes: interior.map((v) => [channels[v]!, -1, -1, -1]),
    postOp: opDesc("nasbench101_output", {
      conv: { chIn: last, chOut },
      outputIds,
      firstProj: cell.matrix[0]![output]!,
    }),
    outShape: [chOut, -1, -1, -1],
    trainablesFrom: id,
  };
}
