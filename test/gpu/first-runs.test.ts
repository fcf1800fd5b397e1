import { expect, test, vi } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { planes } from "../../src/graph/types.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { FirstRuns } from "../../src/runtime/webgpu/first-runs.ts";
import { type PipelineSpec, Pipelines } from "../../src/runtime/webgpu/pipelines.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { testAdapter } from "./engine.ts";

/** A device that counts what is submitted to it, and keeps what it complains about. */
async function openDevice() {
  const device = await (await testAdapter()).requestDevice();
  const errors: string[] = [];
  device.addEventListener("uncapturederror", ({ error }) => errors.push(error.message));
  const submits = vi.spyOn(device.queue, "submit");
  return { device, errors, submits: () => submits.mock.calls.length };
}

/** Of every kind of binding that there is. */
const SPECS: readonly PipelineSpec[] = [
  { shader: "relu", constants: { wg: 8 }, reads: [0], writes: [0] },
  { shader: "relu", constants: { wg: 16 }, reads: [0], writes: [0] },
  { shader: "scale", constants: { wg: 8 }, reads: [0], writes: [0] },
  {
    shader: "cross_entropy",
    constants: { wg: 8 },
    conditions: { hits1: true, hits2: true },
    reads: [0, 0],
    writes: [0, 0, 0],
  },
  { shader: "drop_path_mask", constants: { wg: 8 }, reads: [], writes: [0], step: true },
  { shader: "fill", constants: { wg: 8 }, conditions: { planes: false }, reads: [], writes: [0] },
];

test("every pipeline runs for the first time on one of two devices, once", async () => {
  const own = await openDevice();
  const other = await openDevice();
  const sibling = vi.fn(async () => other.device);
  const runs = new FirstRuns(own.device, new Pipelines(own.device), sibling, 0);
  await runs.run([...SPECS, ...SPECS]);
  expect(sibling).toHaveBeenCalledTimes(1);
  expect(own.submits()).toBeGreaterThan(0);
  expect(other.submits()).toBeGreaterThan(0);
  expect(own.submits() + other.submits()).toBe(SPECS.length);
  await runs.run(SPECS);
  expect(own.submits() + other.submits()).toBe(SPECS.length);
  await Promise.all([own, other].map(({ device }) => device.queue.onSubmittedWorkDone()));
  expect([...own.errors, ...other.errors]).toEqual([]);
});

test("where pipelines are there at once no second device is opened", async () => {
  const own = await openDevice();
  const sibling = vi.fn(() => Promise.reject(new Error("not asked for")));
  await new FirstRuns(own.device, new Pipelines(own.device), sibling, 60_000).run(SPECS);
  expect(own.submits()).toBe(SPECS.length);
  expect(sibling).not.toHaveBeenCalled();
});

test.each([
  ["cannot be opened", async () => Promise.reject(new Error("no second device"))],
  [
    "is lost",
    async () => {
      const { device } = await openDevice();
      device.destroy();
      return device;
    },
  ],
])("a device compiles by itself what its sibling does not: it %s", async (_, sibling) => {
  const { device } = await openDevice();
  await new FirstRuns(device, new Pipelines(device), sibling, 0).run(SPECS);
  const engine = new Engine({ device, kind: "software", sibling });
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 3, 5, 5]));
  g.output("y", g.add("scale", [g.add("relu", [x], {})], { factor: 3 }));
  const data = Float32Array.from({ length: 75 }, (_, i) => (i % 7) - 3);
  const outputs = await runGraph(engine, g.build(), { inputs: { x: data }, params: {} });
  expect(outputs.get("y")).toEqual(data.map((value) => Math.max(0, 3 * value)));
});
