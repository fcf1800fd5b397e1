import { DartsModelDescBuilder } from "../src/algos/darts/builder.ts";
import { bilevel } from "../src/nas/bilevel-optimizer.ts";
import { Rng } from "../src/random/rng.ts";
import type { Engine } from "../src/runtime/webgpu/engine.ts";
import type { TrainerConf } from "../src/train/conf.ts";
import { FixedFeed } from "../src/train/fixed-feed.ts";
import { Network } from "../src/train/network.ts";
import { Trainer } from "../src/train/trainer.ts";

/** A supernet step to be timed: 3 cells, 2 nodes, 16 channels, batch 32 of 32x32 images. */
export const WORKLOADS = {
  /** Forward, backward, clipping and an SGD step of the weights. */
  first: { secondOrder: false },
  /** The whole second-order step: five passes, Adam on the alphas, SGD on the weights. */
  toy: { secondOrder: true },
} as const;

export type WorkloadName = keyof typeof WORKLOADS;

const BATCH = 32;
const SIZE = 32;

export interface Workload {
  readonly network: Network;
  readonly trainer: Trainer;
  dispose(): void;
}

/** Compiles the workload; images are noise, which costs the same as any. */
export async function makeWorkload(engine: Engine, name: WorkloadName): Promise<Workload> {
  const desc = new DartsModelDescBuilder().build({
    n_cells: 3,
    n_reductions: 1,
    cell: { n_nodes: 2, cell_post_op: "concate_channels" },
    model_stems: { ops: ["stem_conv3x3", "stem_conv3x3"], init_node_ch: 16, stem_multiplier: 3 },
    model_post_op: "pool_adaptive_avg2d",
    dataset: { name: "noise", n_classes: 10, channels: 3 },
  });
  const network = new Network(engine, desc, {
    batch: BATCH,
    height: SIZE,
    width: SIZE,
    affine: false,
    dropPath: "none",
  });
  network.initialise(0);
  const feed = (stream: number) => {
    const rng = new Rng(0, stream);
    const x = Float32Array.from({ length: BATCH * 3 * SIZE * SIZE }, () => 2 * rng.uniform01() - 1);
    const y = Uint32Array.from({ length: BATCH }, () => rng.randint(10));
    return new FixedFeed(engine, [{ x, y, shape: [BATCH, 3, SIZE, SIZE] }]);
  };
  const [train, val] = [feed(0), feed(1)];
  const conf: TrainerConf = {
    epochs: 1000,
    batch_chunks: 1,
    grad_clip: 5,
    aux_weight: 0,
    drop_path_prob: 0,
    lossfn: { type: "CrossEntropyLoss" },
    optimizer: { type: "sgd", lr: 0.025, momentum: 0.9, decay: 3e-4 },
    lr_schedule: { type: "cosine", min_lr: 0.001 },
    alpha_optimizer: { type: "adam", lr: 3e-4, betas: [0.5, 0.999], decay: 1e-3 },
  };
  const hook = WORKLOADS[name].secondOrder ? bilevel(val) : undefined;
  const trainer = await Trainer.create({ network, conf, seed: 0, train, hook });
  return {
    network,
    trainer,
    dispose() {
      trainer.dispose();
      network.dispose();
      train.dispose();
      val.dispose();
    },
  };
}
