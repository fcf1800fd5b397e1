import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../src/graph/types.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { Program } from "../../src/runtime/webgpu/program.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { Workspace } from "../../src/runtime/webgpu/workspace.ts";
import type { LoadKind } from "../cases/load.ts";
import { check, inDirtyStorage } from "./compare.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";
import { build, type Case, depthwise, type Gradient, leaving, type Pair, pointwise } from "./weight-gradient-case.ts";

let software: Engine;
let gpu: Engine;
/** Takes the last variant of each kernel where others take the first one. */
let tuned: Engine;
beforeAll(async () => {
  software = await testEngine();
  // The same device with the settings that a GPU gets.
  gpu = new Engine({ device: software.device, kind: "gpu" });
  tuned = new Engine({ device: software.device, kind: "software" });
  Object.assign(tuned.tuning, { pick: <T>(_: string, candidates: readonly T[]) => candidates.at(-1) });
});

const engines = (): [string, Engine][] => [
  ["software", software],
  ["gpu", gpu],
  ["tuned", tuned],
];

const integer = (min: number, max: number) => fc.integer({ min, max });
const pair = (min: number, max: number): fc.Arbitrary<Pair> => fc.tuple(integer(min, max), integer(min, max));
const kinds = fc.constantFrom<LoadKind>("plain", "relu", "batch", "batch_affine", "running", "running_affine");
/** Small enough for the reference, and numbers of channels that leave quads incomplete. */
const channels = fc.oneof(integer(1, 9), fc.constantFrom(4, 8, 12));
const cased = (gradient: fc.Arbitrary<Gradient>): fc.Arbitrary<Case> =>
  fc.tuple(gradient, kinds, integer(0, 2 ** 31)).map(([drawn, kind, seed]) => ({ ...drawn, kind, seed }));

/** Siblings of one size: odd kernels with as much padding as keeps it, whatever the dilation. */
const siblings = fc
  .record({
    samples: integer(1, 3),
    size: pair(1, 21),
    stride: pair(1, 3),
    branches: fc.array(fc.record({ start: integer(0, 9), channels, half: pair(0, 3), dilation: pair(1, 3) }), {
      minLength: 1,
      maxLength: 4,
    }),
    unread: integer(0, 3),
  })
  .map(({ samples, size, stride, branches, unread }) =>
    depthwise(
      samples,
      size,
      stride,
      branches.map(({ start, channels, half, dilation }) => ({
        start,
        channels,
        kernel: [2 * half[0] + 1, 2 * half[1] + 1],
        padding: [half[0] * dilation[0], half[1] * dilation[1]],
        dilation,
      })),
      unread,
    ),
  );

/** Any window on a single branch. */
const single = fc
  .record({
    samples: integer(1, 3),
    start: integer(0, 4),
    channels,
    kernel: pair(1, 8),
    padding: pair(0, 5),
    dilation: pair(1, 4),
    stride: pair(1, 4),
    extra: pair(0, 12),
  })
  .map(({ samples, start, channels, kernel, padding, dilation, stride, extra }) => {
    const side = (axis: 0 | 1) =>
      Math.max(1, dilation[axis] * (kernel[axis] - 1) + 1 - 2 * padding[axis]) + extra[axis];
    return depthwise(samples, [side(0), side(1)], stride, [{ start, channels, kernel, padding, dilation }]);
  });

describe("gradients by depthwise weights agree with the reference", () => {
  test.each([
    { name: "siblings of any kernel and dilation", gradients: siblings },
    { name: "any window", gradients: single },
  ])("$name", async ({ gradients }) => {
    const property = (engine: Engine) =>
      fc.asyncProperty(cased(gradients), async (drawn) => {
        const { graph, feeds } = build(drawn);
        await check(engine, inDirtyStorage(graph), feeds, graph);
      });
    await fc.assert(property(software), { numRuns: 80, seed: 1 });
    await fc.assert(property(gpu), { numRuns: 30, seed: 2 });
  });
});

const bundles1x1 = fc
  .record({
    samples: integer(1, 3),
    size: pair(1, 13),
    stride: pair(1, 3),
    branches: fc.array(fc.record({ start: integer(0, 9), inputs: channels, outputs: channels, offset: pair(0, 2) }), {
      minLength: 1,
      maxLength: 4,
    }),
    more: fc.tuple(integer(0, 3), integer(0, 1), integer(0, 1)),
  })
  .map(({ samples, size, stride, branches, more }) => pointwise(samples, size, stride, branches, more));

/** Every pixel of x is read: 1x1 of stride 1. */
const whole1x1 = fc
  .record({
    samples: integer(1, 3),
    size: pair(1, 17),
    branches: fc.array(
      fc.record({ start: fc.constantFrom(0, 4, 8), inputs: integer(1, 21), outputs: integer(1, 21) }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map(({ samples, size, branches }) =>
    pointwise(
      samples,
      size,
      [1, 1],
      branches.map((branch) => ({ ...branch, offset: [0, 0] })),
    ),
  );

describe("gradients by 1x1 weights agree with the reference", () => {
  test.each([
    { name: "any stride, offset and channels", gradients: bundles1x1 },
    { name: "every pixel", gradients: whole1x1 },
  ])("$name", async ({ gradients }) => {
    const property = (engine: Engine) =>
      fc.asyncProperty(cased(gradients), async (drawn) => {
        const { graph, feeds } = build(drawn);
        await check(engine, inDirtyStorage(graph), feeds, graph);
      });
    await fc.assert(property(software), { numRuns: 60, seed: 3 });
    await fc.assert(property(gpu), { numRuns: 30, seed: 4 });
    await fc.assert(property(tuned), { numRuns: 30, seed: 5 });
  });
});

/** Four kinds of siblings, several strips and segments each, more than one chunk. */
const wideDepthwise = (stride: number): Gradient =>
  depthwise(
    5,
    [19, 27],
    [stride, stride],
    [1, 2, 1, 2].map((dilation, index) => {
      const half = index < 2 ? 1 : 2;
      const [kernel, padding] = [2 * half + 1, half * dilation];
      return {
        start: 4,
        channels: 12,
        kernel: [kernel, kernel],
        padding: [padding, padding],
        dilation: [dilation, dilation],
      };
    }),
  );

const widePointwise = pointwise(
  4,
  [17, 23],
  [1, 1],
  [
    { start: 0, inputs: 16, outputs: 20, offset: [0, 0] },
    { start: 16, inputs: 24, outputs: 8, offset: [0, 0] },
    { start: 8, inputs: 16, outputs: 16, offset: [0, 0] },
  ],
);

const cases = [
  { name: "depthwise", gradient: wideDepthwise(1) },
  { name: "depthwise, stride 2", gradient: wideDepthwise(2) },
  { name: "1x1", gradient: widePointwise },
  {
    name: "1x1, stride 2",
    gradient: pointwise(
      3,
      [13, 17],
      [2, 2],
      [
        { start: 0, inputs: 16, outputs: 8, offset: [0, 0] },
        { start: 0, inputs: 16, outputs: 8, offset: [1, 1] },
      ],
    ),
  },
];

describe.each(cases)("$name, as in a network", ({ gradient }) => {
  const drawn: Case = { ...gradient, kind: "batch", seed: 5 };

  test("many pixels and channels", async () => {
    const { graph, feeds } = build(drawn);
    for (const [, engine] of engines()) await check(engine, inDirtyStorage(graph), feeds, graph);
  });

  test("runs repeat bit for bit", async () => {
    const { graph, feeds } = build(drawn);
    for (const [name, engine] of engines()) {
      const first = await runGraph(engine, graph, feeds);
      expect((await runGraph(engine, graph, feeds)).get("y"), name).toEqual(first.get("y"));
    }
  });

  test("slices that leave for the gradient arena are written there, without copies", async () => {
    const { graph, feeds } = leaving({ ...drawn, kind: "plain" }, () => {});
    for (const [name, engine] of engines()) {
      await check(engine, graph, feeds);
      expect(dispatchCount(engine, graph), name).toBe(2);
    }
  });

  test("slices that are read are written where they can be read", async () => {
    const { graph, feeds } = leaving({ ...drawn, kind: "relu" }, (b, slices) => {
      b.g.output("twice", b.g.add("scale", [slices[0]!], { factor: 2 }));
    });
    for (const [, engine] of engines()) await check(engine, inDirtyStorage(graph), feeds, graph);
  });
});

test("more branches than a table holds", async () => {
  const window = { channels: 3, kernel: [3, 5], padding: [1, 2], dilation: [1, 1] } as const;
  const branches = Array.from({ length: 70 }, (_, index) => ({ ...window, start: index % 5 }));
  const many1x1 = Array.from({ length: 70 }, (_, index) => ({
    start: index % 5,
    inputs: 1 + (index % 7),
    outputs: 1 + (index % 6),
    offset: [0, 0] as const,
  }));
  for (const gradient of [depthwise(2, [5, 6], [1, 1], branches), pointwise(2, [5, 6], [1, 1], many1x1)]) {
    const { graph, feeds } = leaving({ ...gradient, kind: "plain", seed: 6 }, () => {});
    for (const [, engine] of engines()) await check(engine, graph, feeds);
  }
});

test("a linear layer with more weights than one table entry describes", async () => {
  const many = pointwise(3, [1, 1], [1, 1], [{ start: 0, inputs: 70_001, outputs: 61, offset: [0, 0] }]);
  const { graph, feeds } = build({ ...many, kind: "plain", seed: 7 });
  for (const [, engine] of engines()) await check(engine, graph, feeds);
});

function dispatchCount(engine: Engine, graph: Graph): number {
  const workspace = new Workspace(engine.buffers);
  const program = new Program(engine, graph, workspace);
  try {
    return program.dispatchCount;
  } finally {
    program.dispose();
    workspace.dispose();
  }
}
