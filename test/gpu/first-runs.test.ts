import { expect, test, vi } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { planes } from "../../src/graph/types.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { testAdapter } from "./engine.ts";

/** Needs a handful of pipelines, all of them new to a fresh engine. */
function someGraph() {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 3, 5, 5]));
  const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1] } as const;
  const pooled = g.add("max_pool", [g.add("relu", [x], {})], window);
  g.output("y", g.add("scale", [g.add("global_avg_pool", [pooled], {})], { factor: 3 }));
  return g.build();
}

const feeds = { inputs: { x: Float32Array.from({ length: 75 }, (_, i) => Math.sin(i)) }, params: {} };

const openDevice = async () => (await testAdapter()).requestDevice();

async function resultOf(engine: Engine) {
  const outputs = await runGraph(engine, someGraph(), feeds);
  engine.check();
  return outputs.get("y")!;
}

test("pipelines run for the first time on a device and its sibling, and then give what they give alone", async () => {
  const alone = await resultOf(new Engine({ device: await openDevice(), kind: "software" }));
  const other = await openDevice();
  const errors: string[] = [];
  other.addEventListener("uncapturederror", ({ error }) => errors.push(error.message));
  const submits = vi.spyOn(other.queue, "submit");
  const sibling = vi.fn(async () => other);
  const engine = new Engine({ device: await openDevice(), kind: "software", sibling });
  expect(await resultOf(engine)).toEqual(alone);
  expect(sibling).toHaveBeenCalledTimes(1);
  expect(submits.mock.calls.length).toBeGreaterThan(0);

  const before = submits.mock.calls.length;
  await resultOf(engine);
  expect(submits.mock.calls.length, "what has run is not run again").toBe(before);
  await other.queue.onSubmittedWorkDone();
  expect(errors).toEqual([]);
});

test("without its sibling, or when that is lost, a device compiles by itself", async () => {
  const alone = await resultOf(new Engine({ device: await openDevice(), kind: "software" }));
  const none = async () => Promise.reject(new Error("no second device"));
  expect(await resultOf(new Engine({ device: await openDevice(), kind: "software", sibling: none }))).toEqual(alone);
  const lost = await openDevice();
  lost.destroy();
  const engine = new Engine({ device: await openDevice(), kind: "software", sibling: async () => lost });
  expect(await resultOf(engine)).toEqual(alone);
});
