import type { Node } from "../graph/types.ts";
import { f32 } from "../runtime/webgpu/kernel.ts";
import { each } from "../runtime/webgpu/kernels/launch.ts";
import type { Program } from "../runtime/webgpu/program.ts";
import type { Feed } from "./feed.ts";
import { FeedPass } from "./feed-pass.ts";
import { Flow } from "./flow.ts";
import type { Gate } from "./gate.ts";
import type { Network } from "./network.ts";

/**
 * How alike the candidates of each node are, by `<cell>.<node>`: row-major [K, K] over the candidates of all its edges, edge
 * after edge, in the order of the primitives, without `none`.
 */
export type Covariances = ReadonlyMap<string, Float64Array>;

export interface CovarianceSettings {
  /** Width of the kernel, in units of the distance between two candidates' results for an image. */
  readonly sigma: number;
  /** Forget all batches but the last, as the reference does. */
  readonly lastBatch?: boolean;
}

export interface CovarianceParts extends CovarianceSettings {
  readonly network: Network;
  /** Every image counts once. */
  readonly feed: Feed;
  readonly signal?: AbortSignal | undefined;
  readonly gate?: Gate | undefined;
}

/**
 * RBF kernels between the candidates of a supernet's nodes, in evaluation mode: the mean over images of
 * exp(-|a - b|² / 2σ²), a and b being what two candidates make of an image. Computed on the device; the host reads the means
 * once. Nothing the network has learned changes.
 */
export class CandidateCovariances {
  readonly #parts: CovarianceParts;
  readonly #program: Program;
  readonly #pass: FeedPass;
  readonly #flow: Flow;
  readonly #nodes: readonly MixingNode[];
  /** Of all nodes, one after another. */
  readonly #sums: GPUBuffer;

  constructor(parts: CovarianceParts) {
    const { network, feed, signal, gate } = parts;
    const { engine } = network;
    this.#parts = parts;
    this.#program = network.candidateDistancesProgram(feed.samples);
    this.#pass = new FeedPass({ network, feed, program: this.#program, signal });
    this.#flow = new Flow(engine, signal, gate);
    this.#nodes = mixingNodes(this.#program);
    const pairs = this.#nodes.reduce((sum, node) => sum + node.pairs, 0);
    this.#sums = engine.buffers.storage("sums of kernels", pairs * 4);
  }

  /** Binds the program; best after all programs of a network are compiled, so that they share their temporaries. */
  async prepare(): Promise<void> {
    const { network, feed, sigma } = this.#parts;
    const accumulate = this.#nodes.map(({ place, pairs, first }) => {
      const launch = each(pairs, network.engine.tuning);
      const { buffer } = this.#program.output(place);
      return {
        shader: "kernel_sums",
        ...launch,
        uniforms: { ...launch.uniforms, samples: feed.samples, first, factor: f32(-1 / (2 * sigma * sigma)) },
        reads: [{ buffer }],
        writes: [{ buffer: this.#sums }],
        step: this.#pass.step.buffer,
      };
    });
    await this.#pass.prepare(accumulate, "sums of kernels");
  }

  /** By the weights and alphas of now. @throws SupernetError("device") when the device fails; the signal's reason when aborted */
  async run(): Promise<Covariances> {
    const { network, feed, lastBatch } = this.#parts;
    let images = 0;
    const batches = feed.startPass(0);
    for (let batch = 0; batch < batches; batch++) {
      const first = lastBatch || batch === 0;
      images = (first ? 0 : images) + feed.select(batch).valid;
      await this.#flow.submit((encoder) => {
        if (first) encoder.clearBuffer(this.#sums);
        this.#pass.encode(encoder, batch);
      });
    }
    const sums = new Float32Array(await this.#flow.wait(network.engine.read({ buffer: this.#sums })));
    return new Map(this.#nodes.map((node) => [node.place, covarianceOf(node, sums, images)]));
  }

  dispose(): void {
    this.#pass.dispose();
    this.#parts.network.engine.buffers.destroy(this.#sums);
  }
}

interface MixingNode {
  /** `<cell>.<node>`. */
  readonly place: string;
  readonly candidates: number;
  readonly pairs: number;
  /** Where its pairs begin among those of all nodes. */
  readonly first: number;
}

function mixingNodes({ graph }: Program): MixingNode[] {
  let first = 0;
  return graph.outputs.map(({ name, value }) => {
    const { inputs, type } = graph.nodes[value] as Node<"pair_distances">;
    const node = { place: name, candidates: inputs.length, pairs: type.shape[0]!, first };
    first += node.pairs;
    return node;
  });
}

/** Each candidate is like itself, and pairs come in the order of `pair_distances`. */
function covarianceOf({ candidates, first }: MixingNode, sums: Float32Array, images: number): Float64Array {
  const covariance = new Float64Array(candidates * candidates);
  let pair = first;
  for (let i = 0; i < candidates; i++) {
    covariance[i * candidates + i] = 1;
    for (let j = i + 1; j < candidates; j++) {
      const mean = sums[pair++]! / images;
      covariance[i * candidates + j] = mean;
      covariance[j * candidates + i] = mean;
    }
  }
  return covariance;
}
