import { DartsModelDescBuilder } from "../algos/darts/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { elements, flat, type ParamSpec } from "../graph/types.ts";
import type { FixedBatch } from "../train/fixed-feed.ts";
import type { NetworkShape } from "../train/graphs.ts";
import { counterHash, hashUniform } from "./counter-hash.ts";

/** A supernet and what is done with it in a step. */
export interface Workload {
  readonly cells: number;
  /** Reduction cells, evenly spread: one of 3 is cell 1, two of 8 are cells 2 and 5. */
  readonly reductions: number;
  readonly nodes: number;
  readonly batch: number;
  /**
   * `weights`: forward, backward, clipping to norm 5 and SGD with momentum.
   * `bilevel`: the whole second-order step of DARTS, five times forward and backward, Adam on the alphas, SGD on the weights.
   * `gradients`: forward and backward, gradients of weights and alphas.
   */
  readonly step: "weights" | "bilevel" | "gradients";
}

/**
 * Steps of a DARTS supernet with 16 channels at the start on 32x32 images of 10 classes. All but `full` are the
 * workloads of the peers, number for number: topology, starting weights, alphas and data.
 */
export const WORKLOADS = {
  first: { cells: 3, reductions: 1, nodes: 2, batch: 32, step: "weights" },
  toy: { cells: 3, reductions: 1, nodes: 2, batch: 32, step: "bilevel" },
  mid: { cells: 8, reductions: 2, nodes: 4, batch: 8, step: "gradients" },
  full: { cells: 8, reductions: 2, nodes: 4, batch: 64, step: "weights" },
} as const satisfies Record<string, Workload>;

export type WorkloadName = keyof typeof WORKLOADS;

const SIZE = 32;
const CLASSES = 10;

/** The network: two stems of 48 channels, cells whose edges mix all primitives, pooling, a linear layer. */
export function workloadDesc({ cells, reductions, nodes }: Workload): ModelDesc {
  return new DartsModelDescBuilder().build({
    n_cells: cells,
    n_reductions: reductions,
    cell: { n_nodes: nodes, cell_post_op: "concate_channels" },
    model_stems: { ops: ["stem_conv3x3", "stem_conv3x3"], init_node_ch: 16, stem_multiplier: 3 },
    model_post_op: "pool_adaptive_avg2d",
    dataset: { name: "noise", n_classes: CLASSES, channels: 3 },
  });
}

export function workloadShape({ batch }: Workload): NetworkShape {
  return { batch, height: SIZE, width: SIZE, affine: false, dropPath: "none" };
}

/**
 * Where every parameter starts. Weight i, in the order of `params`, is uniform in ±1/sqrt(fan in) from seed 1000 + i;
 * the alphas of edge e are uniform in ±0.001 from seed 10 + e in regular cells and 110 + e in reduction cells.
 */
export function startingValues(desc: ModelDesc, params: readonly ParamSpec[]): Map<string, Float32Array> {
  const edges = { regular: 0, reduction: 0 };
  let weights = 0;
  return new Map(
    params.map((spec) => {
      const size = elements(flat(spec.shape));
      return [spec.name, values(spec, size)];
    }),
  );

  function values({ name, role, init }: ParamSpec, size: number): Float32Array {
    if (role === "alphas") {
      const type = cellTypeOf(desc, name);
      return hashUniform((type === "reduction" ? 110 : 10) + edges[type]++, size, 1e-3);
    }
    if (init.kind === "uniform_fan_in") return hashUniform(1000 + weights++, size, 1 / Math.sqrt(init.fanIn));
    if (init.kind === "running_stats") return Float32Array.from({ length: size }, (_, i) => (i < size / 2 ? 0 : 1));
    throw new Error(`no starting value for ${name}: the workloads have convolutions and alphas only`);
  }
}

function cellTypeOf(desc: ModelDesc, name: string) {
  const index = Number(/^cells\.(\d+)\./.exec(name)?.[1]);
  const cell = desc.cellDescs[index];
  if (!cell) throw new Error(`${name} is in no cell`);
  return cell.cellType;
}

/** The one batch that all steps train on, or the one that drives the alphas: images uniform with variance 1. */
export function workloadBatch({ batch }: Workload, purpose: "train" | "val"): FixedBatch {
  const [images, labels] = purpose === "train" ? [1, 3] : [2, 4];
  return {
    x: hashUniform(images, batch * 3 * SIZE * SIZE, Math.sqrt(3)),
    y: counterHash(labels, batch).map((hash) => hash % CLASSES),
    shape: [batch, 3, SIZE, SIZE],
  };
}
