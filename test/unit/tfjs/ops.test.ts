import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { opDefs } from "../../../src/graph/ops/index.ts";
import { evaluateTfjs, tfOps } from "../../../src/runtime/tfjs/index.ts";
import { opCases, withGradients } from "../../properties.ts";
import { compare } from "../../tolerance.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

test("every op is interpreted, and nothing else", () => {
  const ops = Object.keys(opDefs).filter((op) => op !== "input" && op !== "param");
  expect(Object.keys(tfOps).sort()).toEqual(ops.sort());
});

describe("every op and its gradient agree with the reference backend", () => {
  test.each(Object.keys(opCases))("%s", async (name) => {
    const before = tf.memory().numTensors;
    const property = fc.asyncProperty(opCases[name]!, async (opCase) => {
      const { graph, feeds } = withGradients(opCase);
      compare(graph, feeds, await evaluateTfjs(graph, feeds));
    });
    await fc.assert(property, { numRuns: 30, seed: 1 });
    expect(tf.memory().numTensors).toBe(before);
  });
});
