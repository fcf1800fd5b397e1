import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { flat, type Graph, planes } from "../../../src/graph/types.ts";
import { evaluateTfjs, interpreter } from "../../../src/runtime/tfjs/index.ts";
import { FALLBACK_PASSES } from "../../../src/train/fallback/network.ts";
import { evaluationGraph, trainingGraph } from "../../../src/train/graphs.ts";
import { smallFinal, smallSupernet } from "../../gpu/small.ts";
import { randomFeeds, TOY_SETTINGS, TOY_SHAPE, toySupernet } from "../../gpu/supernet.ts";
import { compare } from "../../tolerance.ts";

const SHAPE = { batch: 2, height: 8, width: 8, affine: true, dropPath: "sampled" } as const;
/** What the passes that the fallback leaves out would make. */
const BUNDLES = /^(depthwise|pointwise|dense|mix|pool_pair|bn_updates|columns|flat_slice)/;

beforeAll(async () => {
  await tf.setBackend("cpu");
});

const bundles = ({ nodes }: Graph) => nodes.map(({ op }) => op).filter((op) => BUNDLES.test(op));

test("the fallback's graphs of a supernet and of a network have no bundles", () => {
  const training = trainingGraph(toySupernet(), TOY_SHAPE, TOY_SETTINGS, FALLBACK_PASSES);
  expect(bundles(training)).toEqual([]);
  expect(bundles(evaluationGraph(smallFinal(), SHAPE, 0, FALLBACK_PASSES))).toEqual([]);
  expect(bundles(trainingGraph(toySupernet(), TOY_SHAPE, TOY_SETTINGS))).not.toEqual([]);
});

describe.each([
  ["as the fallback takes them", FALLBACK_PASSES],
  ["with all passes", {}],
])("whole graphs %s agree with the reference backend", (_, passes) => {
  test("loss, gradients and running statistics of a supernet", async () => {
    const graph = trainingGraph(smallSupernet(2, 1), SHAPE, TOY_SETTINGS, passes);
    const feeds = randomFeeds(graph, 3);
    compare(graph, feeds, await evaluateTfjs(graph, feeds));
  });

  test("an evaluation", async () => {
    const graph = evaluationGraph(smallFinal(), SHAPE, 0.1, passes);
    const feeds = randomFeeds(graph, 4);
    compare(graph, feeds, await evaluateTfjs(graph, feeds));
  });
});

test("a missing input, a parameter of the wrong size and an unknown op are named", async () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 2, 3, 3]));
  const b = g.param({ name: "b", role: "weights", shape: [2], init: { kind: "constant", value: 0 } });
  g.output("y", g.add("add_bias", [x, b], {}));
  const graph = g.build();
  const inputs = { x: new Float32Array(18) };
  await expect(evaluateTfjs(graph, { inputs: {}, params: {} })).rejects.toThrow("input x [1, 2, 3, 3] is not fed");
  await expect(evaluateTfjs(graph, { inputs, params: { b: [1, 2, 3] } })).rejects.toThrow(
    "parameter b [2] needs 2 numbers, but is fed 3",
  );
  const strange = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, op: "fft" as "relu" })) };
  expect(() => interpreter(strange)).toThrow("op fft cannot be run by TensorFlow.js; use WebGPU");
  expect(() => interpreter(graph)({ inputs: {}, param: () => tf.zeros([2]) })).toThrow("input x");
});

test("a run leaves behind its outputs alone", () => {
  const g = new GraphBuilder();
  const x = g.input("x", flat([4]));
  const same = g.add("stop_gradient", [x], {});
  g.output("same", same);
  g.output("twice", g.add("add", [same, same], {}));
  const run = interpreter(g.build());
  const fed = tf.tensor1d([1, 2, 3, 4]);
  const before = tf.memory().numTensors;
  const outputs = run({ inputs: { x: fed }, param: () => tf.zeros([1]) });
  expect(tf.memory().numTensors).toBe(before + 2);
  expect([...outputs.get("same")!.dataSync()]).toEqual([1, 2, 3, 4]);
  expect([...outputs.get("twice")!.dataSync()]).toEqual([2, 4, 6, 8]);
  tf.dispose([...outputs.values(), fed]);
});
