import { SupernetError } from "../../errors.ts";
import { findAdapter, type GpuHandle, type GpuOptions, openDevice } from "../gpu.ts";

const BROWSERS = "a current Chrome, Edge, Firefox or Safari";
const NO_ADAPTER = `the browser offers no WebGPU adapter: switch hardware acceleration on in its settings, update the graphics driver, or use ${BROWSERS}`;
const NO_MORE =
  "the browser offers no WebGPU adapter any more, as it may where the GPU process has crashed repeatedly: load the page again, or start the browser anew";

/** Whether there was an adapter before. */
let offered = false;

/** Opens the browser's best adapter (page or worker). Throws SupernetError("device") where there is none. */
export async function requestGpu(options: GpuOptions = {}): Promise<GpuHandle> {
  const missing = missingApi();
  if (missing !== undefined) throw new SupernetError("device", missing);
  const adapter = await findAdapter(navigator.gpu, options);
  if (!adapter) throw new SupernetError("device", offered ? NO_MORE : NO_ADAPTER);
  offered = true;
  return openDevice(adapter, options);
}

/** Why there is no WebGPU (in a page or worker), and what to do about it; undefined where there is. */
export async function missingWebGpu(): Promise<string | undefined> {
  return missingApi() ?? ((await findAdapter(navigator.gpu)) ? undefined : NO_ADAPTER);
}

/** Browsers without WebGPU, and insecure pages, have no navigator.gpu. */
function missingApi(): string | undefined {
  const gpu: GPU | undefined = navigator.gpu;
  if (gpu) return undefined;
  const remedy = globalThis.isSecureContext ? `use ${BROWSERS}` : "open the page over https or from localhost";
  return `this page has no WebGPU: ${remedy}`;
}
