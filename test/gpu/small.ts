import { DartsModelDescBuilder } from "../../src/algos/darts/builder.ts";
import { XnasModelDescBuilder } from "../../src/algos/xnas/builder.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { loadShapes } from "../../src/data/shapes.ts";
import type { ModelDescBuilder } from "../../src/desc/builder.ts";
import type { ModelDesc } from "../../src/desc/model-desc.ts";
import { finalizeModel } from "../../src/nas/finalizers.ts";
import { createTrainer, type TrainingSetup } from "../../src/nas/training-setup.ts";
import { PRIMITIVES } from "../../src/ops/mixture.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Arena } from "../../src/runtime/webgpu/arena.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { TrainerConf } from "../../src/train/conf.ts";
import type { FixedBatch } from "../../src/train/fixed-feed.ts";
import { MODEL_DESC } from "../model-desc-conf.ts";
import { uniformData } from "../properties.ts";

/** A supernet (DARTS's by default) of few cells, all regular: its cells share their alphas. */
export function smallSupernet(
  cells: number,
  nodes: number,
  builder: ModelDescBuilder = new DartsModelDescBuilder(),
): ModelDesc {
  const cell = { ...MODEL_DESC.cell, n_nodes: nodes };
  return builder.build({ ...MODEL_DESC, n_cells: cells, n_reductions: 0, cell });
}

/** XNAS's, of two cells with two nodes. */
export function smallExperts(): ModelDesc {
  const cell = { ...MODEL_DESC.cell, n_nodes: 2 };
  return new XnasModelDescBuilder().build({ ...MODEL_DESC, n_cells: 2, n_reductions: 0, cell });
}

/**
 * A network such as a search may find; by default with convolutions of every kind, a pool and a skip connection.
 * @param ops of the first node's edges, and then of the second's
 */
export function smallFinal(
  nodes = 2,
  ops: readonly string[] = ["sep_conv_3x3", "skip_connect", "dil_conv_5x5", "max_pool_3x3", "avg_pool_3x3"],
): ModelDesc {
  const desc = smallSupernet(1, nodes);
  const alphas = desc.cellDescs[0]!.nodes.flatMap(({ edges }, node) =>
    edges.map((_, edge) => {
      const op = ops[2 * node + edge]!;
      const values = PRIMITIVES.map((name) => (name === op ? 2 - 0.1 * edge : 0));
      return [`cells.0.dag.${node}.${edge}._wrapped.alphas_arch_param`, values] as const;
    }),
  );
  return finalizeModel(desc, new Map(alphas));
}

/** Settings of a run without anything special. */
export const PLAIN: TrainerConf = {
  epochs: 1,
  batch_chunks: 1,
  grad_clip: 0,
  aux_weight: 0,
  drop_path_prob: 0,
  lossfn: { type: "CrossEntropyLoss" },
  optimizer: { type: "sgd", lr: 0.025, momentum: 0.9, decay: 3e-4 },
  lr_schedule: { type: "" },
};

/** Random images and labels, in `count` batches. */
export function randomBatches(count: number, shape: FixedBatch["shape"], seed: number): FixedBatch[] {
  return Array.from({ length: count }, (_, index) => {
    const rng = new Rng(seed, 0, index);
    const x = uniformData(rng, shape[0] * shape[1] * shape[2] * shape[3]);
    return { x, y: Uint32Array.from({ length: shape[0] }, () => rng.randint(10)), shape };
  });
}

/** Trains what is set up to the end, and frees it. @returns the bits of all parameters */
export async function trainedBits(setup: TrainingSetup, told?: Parameters<typeof createTrainer>[1]): Promise<string> {
  try {
    const trainer = await createTrainer(setup, told);
    try {
      await trainer.fit();
      const values = await setup.network.save();
      return [...values.values()].map((data) => Buffer.from(data.slice().buffer).toString("base64")).join();
    } finally {
      trainer.dispose();
    }
  } finally {
    setup.dispose();
  }
}

export const shapes = (train: number, test: number): Promise<Dataset> =>
  loadShapes({ name: "shapes", train_size: train, test_size: test });

export async function floats(engine: Engine, { buffer }: { readonly buffer: GPUBuffer }): Promise<Float32Array> {
  return new Float32Array(await engine.read({ buffer }));
}

/** The tensors of an arena by name. */
export async function tensorsOf(engine: Engine, arena: Arena): Promise<Map<string, Float32Array>> {
  return arena.layout.unpack(await floats(engine, arena));
}

/** Buffers and bytes that an engine holds. */
export const held = ({ buffers: { liveBuffers, liveBytes } }: Engine) => ({ liveBuffers, liveBytes });
