import { version } from "../../package.json";
import type { DatasetIo } from "../data/dataset.ts";
import { SupernetError } from "../errors.ts";
import { openDecoderPool } from "../host/browser/decoder-pool.ts";
import { browserFiles } from "../host/browser/files.ts";
import { missingWebGpu, requestGpu } from "../host/browser/gpu.ts";
import { aloneWith, runsHeld } from "../host/browser/run-lock.ts";
import { browserTuningStore } from "../host/browser/tuning.ts";
import type { Host } from "./host.ts";

const confs = import.meta.glob<string>("../../confs/**/*.yaml", { query: "?raw", import: "default", eager: true });

/** Where runs and data sets lie in the origin's private file system. */
const RUNS = "runs";
const DATASETS = "datasets";

/** As `import.meta.glob` names them. */
const CONFS = "../../confs/";

const datasets: DatasetIo = {
  howToAdd: "drop it on the page",
  exists: (path) => browserFiles.exists(path),
  read: (path) => browserFiles.readBytes(path),
};

/** A dedicated worker of a page. */
export const browserHost: Host = {
  requestGpu: () => requestGpu(),
  fallback: {
    missingWebGpu,
    // TensorFlow.js is large: nobody with WebGPU downloads it.
    open: async () => (await import("./tfjs-backend.ts")).openTfjsBackend(),
  },
  // They are global wherever there is WebGPU.
  loadGpuConstants: async () => {},
  confs: {
    root: CONFS,
    exists: (path) => path in confs,
    read: (path) => {
      const text = confs[path];
      if (text === undefined) throw new SupernetError("io", `cannot read ${path}: there is no such conf`);
      return text;
    },
  },
  files: browserFiles,
  root: RUNS,
  logdir: () => RUNS,
  datasets,
  decoder: () => openDecoderPool(),
  // Tabs, and several elements on one page, share the origin's files.
  alone: aloneWith,
  running: runsHeld,
  // A tab may be closed, or be discarded by the browser, at any time.
  checkpointMinutes: 1,
  variables: { default_dataroot: DATASETS },
  tuningStore: browserTuningStore,
  version,
};
