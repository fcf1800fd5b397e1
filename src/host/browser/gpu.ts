import { SupernetError } from "../../errors.ts";
import { findAdapter, type GpuHandle, type GpuOptions, openDevice } from "../gpu.ts";

/** Opens the browser's best adapter (page or worker). Throws SupernetError("device") where there is none. */
export async function requestGpu(options: GpuOptions = {}): Promise<GpuHandle> {
  // Browsers without WebGPU, and insecure pages, have no navigator.gpu.
  const gpu: GPU | undefined = navigator.gpu;
  if (!gpu) {
    const remedy = globalThis.isSecureContext
      ? "use a current Chrome, Edge, Firefox or Safari"
      : "open the page over https or from localhost";
    throw new SupernetError("device", `this page has no WebGPU: ${remedy}`);
  }
  const adapter = await findAdapter(gpu, options);
  if (adapter) return openDevice(adapter, options);
  throw new SupernetError(
    "device",
    "the browser offers no WebGPU adapter: switch hardware acceleration on in its settings, or update the graphics driver",
  );
}
