import { graphFlops } from "../graph/flops.ts";
import { passes as allPasses } from "../graph/passes/index.ts";
import { bilevel } from "../nas/bilevel-optimizer.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { StepUniform } from "../runtime/webgpu/step.ts";
import type { TrainerConf } from "../train/conf.ts";
import { FixedFeed } from "../train/fixed-feed.ts";
import { type PassOptions, type TrainingSettings, trainingGraph } from "../train/graphs.ts";
import { Network } from "../train/network.ts";
import { Trainer } from "../train/trainer.ts";
import { startingValues, type Workload, workloadBatch, workloadDesc, workloadShape } from "./workloads.ts";

/** A workload on the device, ready to run. */
export interface BenchStep {
  /** Commands of the next step. */
  encode(encoder: GPUCommandEncoder): void;
  /** Mean loss of the last forward pass of the last step; waits for it. */
  loss(): Promise<number>;
  /** Frees everything it holds. */
  dispose(): void;
}

/** As the trainer's conf of the peers. */
const CONF: TrainerConf = {
  // The rates are the same in every epoch, an epoch is one step, and steps must not run out.
  epochs: 1e6,
  batch_chunks: 1,
  grad_clip: 5,
  aux_weight: 0,
  drop_path_prob: 0,
  lossfn: { type: "CrossEntropyLoss" },
  optimizer: { type: "sgd", lr: 0.025, momentum: 0.9, decay: 3e-4 },
  lr_schedule: { type: "" },
  alpha_optimizer: { type: "adam", lr: 3e-4, betas: [0.5, 0.999], decay: 1e-3 },
};

const settings = (gradients: TrainingSettings["gradients"]): TrainingSettings => ({
  gradients,
  runningStats: true,
  auxWeight: 0,
  smoothing: 0,
  l1Alphas: 0,
});

/**
 * Compiles a workload and uploads its weights and data.
 *
 * @param passes which graph passes to leave out
 * @throws SupernetError("device") when it does not fit, SupernetError("graph") when there is no such pass
 */
export async function makeStep(engine: Engine, workload: Workload, passes: PassOptions = {}): Promise<BenchStep> {
  const desc = workloadDesc(workload);
  const network = new Network(engine, desc, workloadShape(workload), passes);
  network.load(startingValues(desc, network.params));
  const train = new FixedFeed(engine, [workloadBatch(workload, "train")]);
  return workload.step === "gradients"
    ? gradientStep(network, train)
    : trainingStep(network, train, workload.step === "bilevel" ? workloadBatch(workload, "val") : undefined);
}

async function trainingStep(
  network: Network,
  train: FixedFeed,
  validation: ReturnType<typeof workloadBatch> | undefined,
): Promise<BenchStep> {
  const val = validation && new FixedFeed(network.engine, [validation]);
  const trainer = await Trainer.create({ network, conf: CONF, seed: 0, train, hook: val && bilevel(val) });
  let steps = 0;
  return {
    encode: (encoder) => trainer.encodeStep(encoder, steps++, 0),
    loss: async () => (await trainer.metrics.read()).step.loss,
    dispose() {
      trainer.dispose();
      network.dispose();
      train.dispose();
      val?.dispose();
    },
  };
}

async function gradientStep(network: Network, train: FixedFeed): Promise<BenchStep> {
  const { engine } = network;
  const program = network.trainingProgram(settings(["weights", "alphas"]));
  const gradient = (role: "weights" | "alphas") => network.arena(role, "gradient", "gradients");
  const grads = { weights: gradient("weights"), alphas: gradient("alphas") };
  const step = new StepUniform(engine.device, engine.buffers, 1);
  await network.tune();
  const bound = await program.bind({
    arenas: { params: network.arenas, grads, next: { state: network.stateShadow } },
    inputs: { x: train.x, y: train.y },
    step: step.buffer,
  });
  step.write([{}]);
  train.select(0);
  return {
    encode(encoder) {
      step.use(encoder, 0);
      train.encode(encoder, 0);
      bound.encode(encoder);
    },
    async loss() {
      const losses = new Float32Array(await engine.read(program.output("loss")));
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    },
    dispose() {
      bound.dispose();
      step.dispose();
      network.dispose();
      train.dispose();
    },
  };
}

/**
 * Multiplications plus additions of the convolutions in a step: those of the graphs before any pass, so that a pass that
 * saves work raises the figure per second, whatever it turns the graph into.
 */
export function stepFlops(workload: Workload): number {
  const desc = workloadDesc(workload);
  const without = allPasses.map(({ name }) => name);
  const flops = (...gradients: TrainingSettings["gradients"]) =>
    graphFlops(trainingGraph(desc, workloadShape(workload), settings(gradients), { without }));
  switch (workload.step) {
    case "weights":
      return flops("weights");
    case "gradients":
      return flops("weights", "alphas");
    case "bilevel":
      // The virtual step, the gradient at w', those at w+ and w-, and the step of the weights.
      return 2 * flops("weights") + flops("weights", "alphas") + 2 * flops("alphas");
  }
}
