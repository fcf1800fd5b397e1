import { existsSync } from "node:fs";
import { create, globals } from "webgpu";
import { Engine } from "../../src/runtime/webgpu/engine.ts";

const LAVAPIPE = "/usr/share/vulkan/icd.d/lvp_icd.json";
let engine: Promise<Engine> | undefined;
// Dawn's instance must outlive every device made from it.
let instance: GPU | undefined;

/** One engine per test file (each file is a process of its own). */
export function testEngine(): Promise<Engine> {
  engine ??= newEngine();
  return engine;
}

/** An engine on a device of its own, with a sibling where the adapter is lavapipe, as in use: tests compile a lot. */
export async function newEngine(requiredFeatures: GPUFeatureName[] = []): Promise<Engine> {
  const adapter = await testAdapter();
  const device = await adapter.requestDevice({ requiredFeatures });
  if (!/llvmpipe/i.test(adapter.info.description)) return new Engine({ device, kind: "software" });
  return new Engine({ device, kind: "software", sibling: async () => (await testAdapter()).requestDevice() });
}

/** A device of its own, without a sibling: for kernels that were compiled before. */
export async function testDevice(): Promise<GPUDevice> {
  return (await testAdapter()).requestDevice();
}

/** A fresh one: an adapter opens one device. */
export async function testAdapter(): Promise<GPUAdapter> {
  if (existsSync(LAVAPIPE)) process.env.VK_DRIVER_FILES ??= LAVAPIPE;
  Object.assign(globalThis, globals);
  instance ??= create([]);
  const adapter = await instance.requestAdapter();
  if (!adapter) throw new Error("no WebGPU adapter: run the tests with `npm test`, which installs one");
  return adapter;
}
