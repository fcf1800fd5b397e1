import { SupernetError } from "../errors.ts";

/** What a user may want to know about an adapter; strings are empty where the browser hides them. */
export interface AdapterSummary {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
}

/** A real GPU, or a driver that computes on the CPU (lavapipe, SwiftShader, WARP). */
export type AdapterKind = "gpu" | "software";

/** What is told of an adapter that computes. */
export interface AdapterReport extends AdapterSummary {
  /** The most telling of its names. */
  readonly name: string;
  readonly kind: AdapterKind;
  /** Of WebGPU, or the WebGL extensions that the browser offers. */
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** "tfjs" where there is no WebGPU and the graph is interpreted by TensorFlow.js on WebGL. */
  readonly backend: "webgpu" | "tfjs";
}

/** An open device and what it came from. The owner calls `dispose` exactly when nothing uses the device any more. */
export interface GpuHandle {
  readonly adapter: GPUAdapter;
  readonly device: GPUDevice;
  readonly info: AdapterSummary;
  readonly kind: AdapterKind;
  /** Bytes that buffers may take, where that is known: nothing but a software adapter's memory, which is the machine's. */
  readonly memory?: number;
  /** Set where the host polls the device while a promise of it is open. */
  readonly polls?: boolean;
  /** Opens a second device on the same adapter, or gives the one it has opened; set where an engine gains by it. */
  readonly sibling?: () => Promise<GPUDevice>;
  /** Destroys the device and with it all its buffers; resolves when it is gone. May be called twice. */
  dispose(): Promise<void>;
}

export interface GpuOptions {
  /** Ask for nothing beyond WebGPU's guaranteed limits and for no feature, to test what runs everywhere. */
  defaultLimits?: boolean;
  /** How long adapter and device may each take to answer, in milliseconds. */
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/** Limits of which more means larger batches, wider kernels or fewer dispatches. */
const RAISED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxUniformBufferBindingSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

const WANTED_FEATURES: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16", "subgroups"];

/** Limits and features to ask `adapter` for: the most it offers of what kernels can use. */
export function deviceDescriptor(adapter: GPUAdapter, options: GpuOptions = {}): GPUDeviceDescriptor {
  if (options.defaultLimits) return { label: "supernet" };
  const requiredLimits: Record<string, number> = {};
  for (const name of RAISED_LIMITS) {
    // A browser older than a limit leaves it undefined.
    const offered: number | undefined = adapter.limits[name];
    if (offered !== undefined) requiredLimits[name] = offered;
  }
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name));
  return { label: "supernet", requiredFeatures, requiredLimits };
}

/** Real GPU or software? Browsers before 2025 keep the flag on the adapter itself. */
export function adapterKind(adapter: GPUAdapter): AdapterKind {
  const older = adapter as { isFallbackAdapter?: boolean };
  return adapter.info.isFallbackAdapter || older.isFallbackAdapter ? "software" : "gpu";
}

/**
 * The best adapter of `gpu`, or null if there is none. Throws SupernetError("device") if it does not answer in time.
 */
export async function findAdapter(gpu: GPU, options: GpuOptions = {}): Promise<GPUAdapter | null> {
  const request = gpu.requestAdapter({ powerPreference: "high-performance" });
  return within(request, options.timeoutMs ?? TIMEOUT_MS, "the graphics driver did not answer");
}

/** Opens a device on `adapter`. Throws SupernetError("device") if the driver refuses or does not answer in time. */
export async function openDevice(adapter: GPUAdapter, options: GpuOptions = {}): Promise<GpuHandle> {
  const { vendor, architecture, device: model, description } = adapter.info;
  const info: AdapterSummary = { vendor, architecture, device: model, description };
  const name = adapterName(info);
  let device: GPUDevice;
  try {
    const request = adapter.requestDevice(deviceDescriptor(adapter, options));
    device = await within(request, options.timeoutMs ?? TIMEOUT_MS, `adapter "${name}" did not open`);
  } catch (cause) {
    if (cause instanceof SupernetError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SupernetError("device", `adapter "${name}" cannot be opened (${why}): update the graphics driver`, {
      cause,
    });
  }
  const dispose = async () => {
    device.destroy();
    await device.lost;
  };
  return { adapter, device, info, kind: adapterKind(adapter), dispose };
}

/** The most telling name an adapter gives itself. */
export function adapterName(info: AdapterSummary): string {
  return info.description || info.device || `${info.vendor} ${info.architecture}`.trim() || "unnamed";
}

async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const seconds = timeoutMs / 1000;
      reject(new SupernetError("device", `${what} within ${seconds} s: close other programs that use the GPU`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
