import { expect, test } from "vitest";
import { NasBench101ModelDescBuilder } from "../../src/algos/nasbench101/builder.ts";
import type { NetworkDesc } from "../../src/desc/network-desc.ts";
import { passes } from "../../src/graph/passes/index.ts";
import { elements, type Graph, type OpAttrs } from "../../src/graph/types.ts";
import { factoryDesc } from "../../src/models/spec.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Feeds } from "../../src/runtime/feeds.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { evaluationGraph, type NetworkShape, trainingGraph } from "../../src/train/graphs.ts";
import { initialValues } from "../../src/train/initial-values.ts";
import { MODEL_DESC } from "../model-desc-conf.ts";
import { Comparison, largest, TOLERANCE } from "../oracle/support.ts";
import { uniformData } from "../properties.ts";
import { testEngine } from "./engine.ts";

const SETTINGS = { gradients: ["weights"], runningStats: true, auxWeight: 0, smoothing: 0.1, l1Alphas: 0 } as const;
const CLASSES = Array.from({ length: 10 }, (_, i) => `class ${i}`);

/** Random images and labels; parameters as they start. */
function startingFeeds({ nodes, params }: Graph, seed: number): Feeds {
  const rng = new Rng(seed, 0);
  const inputs = nodes.flatMap(({ op, attrs }) => {
    if (op !== "input") return [];
    const { name, type } = attrs as OpAttrs["input"];
    const count = elements(type);
    const labels = () => Uint32Array.from({ length: count }, () => rng.randint(CLASSES.length));
    return [[name, type.dtype === "u32" ? labels() : uniformData(rng, count)] as const];
  });
  const step = { seed, step: 7, dropPath: 0 };
  return { inputs: Object.fromEntries(inputs), params: Object.fromEntries(initialValues(params, seed)), step };
}

/** Every output of an optimized graph on the device is what the graph that it was made of defines, in double precision. */
async function check(name: string, defined: Graph, optimized: Graph): Promise<void> {
  const feeds = startingFeeds(defined, 3);
  const expected = evaluateReference(defined, feeds);
  const actual = await runGraph(await testEngine(), optimized, feeds);
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  const comparison = new Comparison(TOLERANCE.models);
  const scale = Math.max(...[...expected].map(([key, data]) => (key.startsWith("grad/") ? largest(data) : 0)));
  for (const [key, data] of expected) comparison.close(`${name} ${key}`, actual.get(key), data, { scale });
  comparison.finish();
}

const shapeOf = (side: number, batch: number): NetworkShape => ({
  ...{ batch, height: side, width: side, affine: true, dropPath: "none" },
});
const plain = { without: passes.map(({ name }) => name) };

async function checkTraining(name: string, desc: NetworkDesc, side: number, batch: number): Promise<void> {
  const shape = shapeOf(side, batch);
  await check(name, trainingGraph(desc, shape, SETTINGS, plain), trainingGraph(desc, shape, SETTINGS));
}

async function checkEvaluation(name: string, desc: NetworkDesc, side: number, batch: number): Promise<void> {
  const shape = shapeOf(side, batch);
  await check(name, evaluationGraph(desc, shape, 0, plain), evaluationGraph(desc, shape, 0));
}

const describe = (name: string, side: number) =>
  factoryDesc(name, { height: side, width: side, channels: 3, classes: CLASSES });

/** Small members of the families; the published ones are wider and deeper. */
test.each([
  ["resnet20", 8],
  ["wrn-10-1", 8],
  ["densenet-bc-16-4", 8],
  ["pyramidnet-14-a12", 8],
  ["pyramidnet-20-a12-bn", 8],
  ["shakeshake14_2x4d", 8],
] as const)("%s trains and evaluates as in double precision", async (name, side) => {
  const desc = describe(name, side);
  await checkTraining(name, desc, side, 4);
  await checkEvaluation(name, desc, side, 4);
});

/**
 * These have no small members: as in double precision, they would train for minutes. In training mode, batch norms over the few
 * pixels of a tiny image also magnify rounding until ReLUs decide otherwise.
 */
test.each([
  ["resnet18", 16],
  ["resnet50", 16],
  ["mobilenet_v2", 16],
  ["vgg11_bn", 32],
] as const)("%s evaluates as in double precision", async (name, side) => {
  await checkEvaluation(name, describe(name, side), side, 1);
});

test("so does a network of NASBench-101 with every op, projections and truncated channels", async () => {
  const params = {
    cell_matrix: [
      [0, 1, 1, 0, 0, 1],
      [0, 0, 1, 1, 0, 0],
      [0, 0, 0, 0, 1, 1],
      [0, 0, 0, 0, 0, 1],
      [0, 0, 0, 0, 0, 1],
      [0, 0, 0, 0, 0, 0],
    ],
    vertex_ops: ["input", "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3", "conv3x3-bn-relu", "output"],
    num_stacks: 3,
  };
  const model_stems = { ops: ["stem_conv3x3Relu", "stem_conv3x3Relu"], init_node_ch: 8, stem_multiplier: 1 };
  const desc = new NasBench101ModelDescBuilder().build({ ...MODEL_DESC, n_cells: 3, params, model_stems });
  await checkTraining("nasbench101", desc, 8, 4);
  await checkEvaluation("nasbench101", desc, 8, 4);
});
