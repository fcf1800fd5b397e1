import { readFileSync } from "node:fs";
import { join } from "node:path";
import { modelDescFromJson } from "../../src/desc/json.ts";
import type { ModelDesc } from "../../src/desc/model-desc.ts";
import { elements, flat, type Graph, type OpAttrs, type ParamSpec } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Feeds } from "../../src/runtime/reference/index.ts";
import type { NetworkShape, TrainingSettings } from "../../src/train/graphs.ts";
import { uniformData } from "../properties.ts";

const CLASSES = 10;

/** A DARTS supernet that has every kind of cell and of op, small enough to run on a software adapter in a second. */
export function toySupernet(): ModelDesc {
  const path = join(import.meta.dirname, "../oracle/data/models/darts_supernet_toy.json");
  return modelDescFromJson((JSON.parse(readFileSync(path, "utf8")) as { desc: unknown }).desc);
}

export const TOY_SHAPE: NetworkShape = { batch: 4, height: 16, width: 16, affine: true, dropPath: "sampled" };

export const TOY_SETTINGS: TrainingSettings = {
  gradients: ["weights", "alphas"],
  runningStats: true,
  auxWeight: 0,
  smoothing: 0.1,
  l1Alphas: 1e-3,
};

/** Random images, labels and parameters for any training graph over `CLASSES` classes. */
export function randomFeeds(graph: Graph, seed: number): Feeds {
  const rng = new Rng(seed, 0);
  const inputs = graph.nodes.flatMap(({ op, attrs }) => {
    if (op !== "input") return [];
    const { name, type } = attrs as OpAttrs["input"];
    const count = elements(type);
    const labels = () => Uint32Array.from({ length: count }, () => rng.randint(CLASSES));
    return [[name, type.dtype === "u32" ? labels() : uniformData(rng, count)] as const];
  });
  const params = graph.params.map((spec) => [spec.name, parameter(spec, rng)] as const);
  const step = { seed, step: 7, dropPath: 0.2 };
  return { inputs: Object.fromEntries(inputs), params: Object.fromEntries(params), step };
}

/** Variances are positive; weights are large enough that every parameter has a gradient well above rounding. */
function parameter({ role, shape }: ParamSpec, rng: Rng): Float32Array {
  const data = uniformData(rng, elements(flat(shape)));
  return role === "state" ? data.map(Math.abs) : data.map((value) => 0.5 * value);
}
