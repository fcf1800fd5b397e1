import { modelDesc as confSchema, type ModelDescConf } from "../config/schema/nas.ts";
import { SupernetError } from "../errors.ts";
import { auxCell, type CellPlan, planCells, stemShrink } from "./macro.ts";
import {
  type AuxTowerDesc,
  type CellDesc,
  type CellType,
  type ModelDesc,
  type NodeDesc,
  type OpDesc,
  opDesc,
} from "./model-desc.ts";

/** An output that later cells read. */
interface Source {
  readonly channels: number;
  readonly shrink: number;
}

/**
 * Makes a model description of a conf's `model_desc` section: stems, cells, aux tower, pool, logits.
 *
 * An algorithm overrides `buildNodes`; here nodes have no edges. With a template (what a search has found), nodes are
 * taken from its first cell of each type and scaled to the new channels instead.
 */
export class ModelDescBuilder {
  /**
   * @param section the conf section `model_desc`, with the keys of Archai's confs
   * @throws SupernetError("desc") naming what cannot be built and what to change
   */
  build(section: Readonly<Record<string, unknown>>, template?: ModelDesc): ModelDesc {
    const conf = parseSection(section);
    const stems = this.#stems(conf);
    const sources: Source[] = stems.map((stem) => ({
      channels: stem.params.conv?.chOut ?? 0,
      shrink: stemShrink(stem.name),
    }));
    const plans = planCells(
      conf.n_cells,
      conf.n_reductions,
      conf.model_stems.init_node_ch,
      sources.at(-1)?.shrink ?? 1,
    );
    const cellDescs = plans.map((plan) => {
      const cell = this.#cell(conf, plan, sources, template);
      sources.push({ channels: cell.outShape[0] ?? 0, shrink: plan.shrink });
      return cell;
    });
    const channels = sources.at(-1)?.channels ?? 0;
    const classes = conf.dataset.n_classes;
    return {
      confModelDesc: section,
      dsCh: conf.dataset.channels,
      nClasses: classes,
      params: conf.params,
      maxFinalEdges: conf.max_final_edges,
      modelStems: stems,
      cellDescs,
      auxTowerDescs: auxTowers(conf, cellDescs),
      poolOp: opDesc(conf.model_post_op, { conv: { chIn: channels, chOut: channels } }),
      logitsOp: opDesc("linear", { nCh: channels, nClasses: classes }),
    };
  }

  /** The nodes of a cell that has no template. */
  protected buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    const convParams = { chIn: plan.nodeChannels, chOut: plan.nodeChannels };
    return Array.from({ length: conf.cell.n_nodes }, () => ({ edges: [], convParams }));
  }

  #stems(conf: ModelDescConf): OpDesc[] {
    const { ops, init_node_ch, stem_multiplier } = conf.model_stems;
    const channels = { chIn: conf.dataset.channels, chOut: init_node_ch * stem_multiplier };
    return ops.map((name) => opDesc(name, { conv: channels }));
  }

  #cell(conf: ModelDescConf, plan: CellPlan, sources: readonly Source[], template: ModelDesc | undefined): CellDesc {
    const nodes = template ? scaledNodes(template, plan) : this.buildNodes(plan, conf);
    const shape = [plan.nodeChannels, -1, -1, -1];
    const postOp = postOpOf(conf.cell.cell_post_op, plan.nodeChannels, nodes.length);
    return {
      id: plan.index,
      cellType: plan.type,
      confCell: conf.cell,
      stems: cellStems(conf, plan, sources),
      stemShapes: [shape, shape],
      nodes,
      nodeShapes: nodes.map(() => shape),
      postOp,
      outShape: [postOp.params.conv?.chOut ?? 0, -1, -1, -1],
      trainablesFrom: plan.trainablesFrom,
    };
  }
}

/** @throws SupernetError("desc") naming every key that is wrong */
export function parseSection(section: Readonly<Record<string, unknown>>): ModelDescConf {
  const result = confSchema.safeParse(section);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => `  model_desc.${path.join(".")}: ${message}`);
  throw new SupernetError("desc", `the conf section model_desc is not valid:\n${lines.join("\n")}`);
}

/** Ops that adapt the two inputs of a cell to its channels, the older one also to the size of the newer one. */
function cellStems(conf: ModelDescConf, plan: CellPlan, sources: readonly Source[]): OpDesc[] {
  const [s0, s1] = sources.slice(-2);
  if (!s0 || !s1) throw new SupernetError("desc", "model_stems.ops must name two stems");
  if (s1.shrink !== s0.shrink && s1.shrink !== 2 * s0.shrink) {
    throw new SupernetError(
      "desc",
      `the inputs of cell ${plan.index} are 1/${s0.shrink} and 1/${s1.shrink} of the image; they may differ by a factor ` +
        "of 2 at most, the second being the smaller: choose other model_stems.ops",
    );
  }
  const toStem = ({ channels }: Source, op: string) =>
    opDesc(op, { conv: { chIn: channels, chOut: plan.nodeChannels } });
  return [toStem(s0, halves(conf, plan, s0, s1) ? "prepr_reduce" : "prepr_normal"), toStem(s1, "prepr_normal")];
}

/** Whether the image was halved between the two inputs of a cell. */
function halves(conf: ModelDescConf, plan: CellPlan, s0: Source, s1: Source): boolean {
  // The reference concludes it from the channels, wrongly where a stem has half the channels of the first cell.
  if (conf.reference_quirks && plan.index > 0) return s1.channels === 2 * s0.channels;
  return s1.shrink === 2 * s0.shrink;
}

function postOpOf(name: string, nodeChannels: number, nodes: number): OpDesc {
  const joined = nodeChannels * nodes;
  const outStates = nodes;
  if (name === "concate_channels") return opDesc(name, { conv: { chIn: joined, chOut: joined }, outStates });
  if (name === "proj_channels") return opDesc(name, { conv: { chIn: joined, chOut: nodeChannels }, outStates });
  throw new SupernetError("desc", `cell_post_op is "${name}"; choose from concate_channels, proj_channels`);
}

function auxTowers(conf: ModelDescConf, cells: readonly CellDesc[]): (AuxTowerDesc | null)[] {
  const chosen = conf.aux_weight > 0 ? auxCell(conf.n_cells, conf.n_reductions) : undefined;
  return cells.map(({ id, outShape }) =>
    id === chosen ? { chIn: outShape[0] ?? 0, nClasses: conf.dataset.n_classes, stride: conf.aux_tower_stride } : null,
  );
}

/** The template's nodes with the channels of the new cell on every edge; what the nodes say of themselves is kept. */
function scaledNodes(template: ModelDesc, plan: CellPlan): NodeDesc[] {
  const source = templateCell(template, plan.type);
  const conv = { chIn: plan.nodeChannels, chOut: plan.nodeChannels };
  return source.nodes.map((node) => ({
    ...node,
    edges: node.edges.map((edge) => ({ ...edge, opDesc: withConv(edge.opDesc, conv) })),
  }));
}

function templateCell(template: ModelDesc, type: CellType): CellDesc {
  const cell = template.cellDescs.find(({ cellType }) => cellType === type);
  if (cell) return cell;
  throw new SupernetError(
    "desc",
    `the template has no ${type} cell but the conf asks for some; set n_reductions to what the template was searched with`,
  );
}

function withConv(desc: OpDesc, conv: { chIn: number; chOut: number }): OpDesc {
  const children = desc.children?.map((child) => withConv(child, conv)) ?? null;
  return { ...desc, params: { ...desc.params, conv }, children };
}
