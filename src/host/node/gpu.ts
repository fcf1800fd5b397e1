import { existsSync } from "node:fs";
import { totalmem } from "node:os";
import { SupernetError } from "../../errors.ts";
import { adapterName, findAdapter, type GpuHandle, type GpuOptions, openDevice } from "../gpu.ts";

/** Where Debian's `chromium` package keeps SwiftShader; the Vulkan loader does not search there by itself. */
const CHROMIUM_ICD = "/usr/lib/chromium/vk_swiftshader_icd.json";

export interface NodeGpuOptions extends GpuOptions {
  /** Dawn's own options, such as `backend=null`; only those of the first request in a process count. */
  dawn?: readonly string[];
}

/** Dawn of this process, kept for good: it crashes when collected while an adapter or device of it is alive. */
let dawn: GPU | undefined;

/**
 * Opens the best adapter through Dawn. WebGPU's constants (`GPUBufferUsage`, …) are global afterwards, as in browsers.
 * Throws SupernetError("device") where there is no adapter.
 */
export async function requestGpu(options: NodeGpuOptions = {}): Promise<GpuHandle> {
  dawn ??= await startDawn(options);
  let adapter = await findAdapter(dawn, options);
  if (!adapter && !givenDriver() && existsSync(CHROMIUM_ICD)) {
    // The Vulkan loader reads the environment for every new instance.
    process.env.VK_DRIVER_FILES = CHROMIUM_ICD;
    process.env.VK_ICD_FILENAMES = CHROMIUM_ICD;
    dawn = await startDawn(options);
    adapter = await findAdapter(dawn, options);
  }
  if (adapter) {
    const gpu = await openDevice(adapter, options);
    const memory = gpu.kind === "software" ? { memory: machineMemory() } : {};
    return withSibling({ ...gpu, ...memory, polls: true }, dawn, options);
  }
  throw new SupernetError("device", `no WebGPU adapter found: ${remedy()}`);
}

/** Share of a machine's memory that is left for a software adapter's buffers: the process and all others need some. */
const SHARE = 0.75;

/** Bytes for a software adapter. It gives what the machine does not have, and the system ends the process when it is used. */
function machineMemory(): number {
  // What a container allows; 0 or more than there is where nothing is set.
  const allowed = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return Math.floor(SHARE * Math.min(totalmem(), allowed));
}

/** lavapipe compiles in the thread of a device's queue: see src/runtime/webgpu/first-runs.ts. */
function withSibling(gpu: GpuHandle, instance: GPU, options: NodeGpuOptions): GpuHandle {
  if (!/llvmpipe/i.test(adapterName(gpu.info))) return gpu;
  let second: Promise<GpuHandle> | undefined;
  const open = async () => {
    const adapter = await findAdapter(instance, options);
    if (!adapter) throw new SupernetError("device", "the adapter is gone: run again");
    return openDevice(adapter, options);
  };
  return {
    ...gpu,
    async sibling() {
      second ??= open();
      return (await second).device;
    },
    async dispose() {
      // One that is just being opened comes too late, and goes as well.
      await Promise.all([gpu.dispose(), second?.then(({ dispose }) => dispose()).catch(() => {})]);
    },
  };
}

async function startDawn({ dawn: dawnOptions = [] }: NodeGpuOptions): Promise<GPU> {
  const { create } = await loadGpuConstants();
  return create([...dawnOptions]);
}

/** Makes WebGPU's constants (`GPUBufferUsage`, …) global, as they are in browsers; opens no adapter. */
export async function loadGpuConstants(): Promise<typeof import("webgpu")> {
  const webgpu = await loadWebgpu();
  Object.assign(globalThis, webgpu.globals);
  return webgpu;
}

async function loadWebgpu(): Promise<typeof import("webgpu")> {
  try {
    return await import("webgpu");
  } catch (cause) {
    const machine = `${process.platform} ${process.arch}`;
    throw new SupernetError(
      "device",
      `WebGPU cannot be loaded on ${machine}: it needs macOS, Windows or Linux with glibc, and the npm package "webgpu" whole ("npm install")`,
      { cause },
    );
  }
}

function givenDriver(): string | undefined {
  return process.env.VK_DRIVER_FILES || process.env.VK_ICD_FILENAMES;
}

function remedy(): string {
  const given = givenDriver();
  if (given) return `VK_DRIVER_FILES names ${given}, which offers none; unset it`;
  if (process.platform !== "linux") return "update the graphics driver";
  return 'install the driver of the GPU or Mesa\'s lavapipe 24 or later ("npm run toy" does it on Debian and Ubuntu)';
}
