import { expect } from "vitest";
import { sortedLogits } from "../../src/algos/gs/reference-finalizer.ts";
import { modelDescFromJson } from "../../src/desc/json.ts";
import { alphasName, PRIMITIVES } from "../../src/ops/mixture.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { FixedFeed } from "../../src/train/fixed-feed.ts";
import { batchesOf, type LoadedCase } from "./train-support.ts";

const SIZE = PRIMITIVES.length;

/** A node of the supernet whose edges the reference samples together. */
interface Node {
  readonly samples: number;
  /** Names of the edges' modules, and of the alphas they use. */
  readonly modules: readonly string[];
  readonly alphas: readonly string[];
}

function nodesOf({ golden }: LoadedCase): Node[] {
  return modelDescFromJson(golden.desc).cellDescs.flatMap(({ id, trainablesFrom, nodes }) =>
    nodes.map(({ edges }, node) => ({
      samples: edges[0]!.opDesc.params.gs_num_sample as number,
      modules: edges.map((_, edge) => `cells.${id}.dag.${node}.${edge}._wrapped`),
      alphas: edges.map((_, edge) => alphasName(trainablesFrom, node, edge)),
    })),
  );
}

/**
 * A feed that also feeds the weights that the reference has sampled, step by step: the sum of a node's samples, divided by
 * its total. Checks that what it has sampled from are the alphas as we sort them.
 */
export class SampledFeed extends FixedFeed {
  override readonly inputs: Readonly<Record<string, GPUBuffer>>;
  readonly #device: GPUDevice;
  readonly #loaded: LoadedCase;
  readonly #nodes: readonly Node[];
  #step = 0;

  constructor(engine: Engine, loaded: LoadedCase) {
    super(engine, batchesOf(loaded, "train"));
    this.#device = engine.device;
    this.#loaded = loaded;
    this.#nodes = nodesOf(loaded);
    const buffer = (module: string) => engine.buffers.storage(module, 4 * SIZE);
    const modules = this.#nodes.flatMap((node) => node.modules);
    this.inputs = Object.fromEntries(modules.map((module) => [`${module}.sampled_weights`, buffer(module)]));
  }

  override select(batch: number): { start: number; valid: number } {
    const { tensors } = this.#loaded;
    const step = this.#step++;
    let call = 0;
    for (const { samples, modules, alphas } of this.#nodes) {
      const drawn = Array.from({ length: samples }, () => {
        const given = Array.from(tensors.get(`step${step}/gs_in/${call}`)!.data);
        // They never move.
        expect(sortedLogits(alphas.map((name) => tensors.get(`init/${name}`)!.data))).toEqual(given);
        return tensors.get(`step${step}/gs_out/${call++}`)!.data;
      });
      const sums = Array.from(drawn[0]!, (_, place) => drawn.reduce((sum, sample) => sum + sample[place]!, 0));
      const total = sums.reduce((sum, value) => sum + value, 0);
      modules.forEach((module, edge) => {
        const weights = Float32Array.from(sums.slice(edge * SIZE, (edge + 1) * SIZE), (value) => value / total);
        this.#device.queue.writeBuffer(this.inputs[`${module}.sampled_weights`]!, 0, weights);
      });
    }
    expect(tensors.has(`step${step}/gs_in/${call}`), "samples beyond those of all nodes").toBe(false);
    return super.select(batch);
  }
}
