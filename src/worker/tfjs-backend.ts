import { openTfjs } from "../host/browser/tfjs.ts";
import { fallbackTrainers } from "../nas/fallback.ts";
import { FallbackClassifier } from "../nas/fallback-classifier.ts";
import type { Backend } from "./backend.ts";

// This module loads TensorFlow.js: import it only where there is no WebGPU.

/** TensorFlow.js on WebGL. @throws SupernetError("device") where there is no WebGL that can compute */
export async function openTfjsBackend(): Promise<Backend> {
  const { adapter, memory, lost, dispose } = await openTfjs();
  let open = true;
  const ended = lost.finally(() => {
    open = false;
  });
  return {
    adapter,
    lost: ended,
    works: () => open,
    async trainers(tune) {
      tune?.onWarning?.("there are no variants of kernels to time without WebGPU: nothing is tuned");
      return { trainers: fallbackTrainers, bytes: memory };
    },
    async classifier(parts) {
      const classifier = new FallbackClassifier(parts);
      // Its tensors go with the backend.
      return { classify: (planes) => classifier.classify(planes), dispose: () => open && classifier.dispose() };
    },
    async dispose() {
      open = false;
      dispose();
    },
  };
}
