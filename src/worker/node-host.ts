import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { expandPath } from "../config/index.ts";
import type { Decoder } from "../data/own/decode-all.ts";
import { SupernetError } from "../errors.ts";
import { nodeDatasetIo } from "../host/node/dataset-io.ts";
import { nodeFiles, readText } from "../host/node/files.ts";
import { loadGpuConstants, requestGpu } from "../host/node/gpu.ts";
import { packageRoot, packageVersion } from "../host/node/package-root.ts";
import { fileTuningStore, tuningFile } from "../host/node/tuning.ts";
import type { Host } from "./host.ts";
import type { JobWorkerApi } from "./job-protocol.ts";
import { startThread } from "./thread-node.ts";

/** Where confs say that runs go unless they are told otherwise. */
const LOGDIR = "~/logdir";

/** Node has no decoders of images. */
const decoder: Decoder = {
  concurrency: 1,
  async decode() {
    throw new SupernetError(
      "data",
      "images can be decoded in a browser only: import them on the page, or import CIFAR-10's binary files, which need no decoder",
    );
  },
  dispose() {},
};

/**
 * Node.
 * @param logdir folder of all runs, whatever their confs say; default what each conf says, and `~/logdir` for those listed
 */
export function nodeHost(logdir?: string): Host {
  const { env } = process;
  const variables = { ...env, default_dataroot: env.default_dataroot ?? join(homedir(), "dataroot") };
  return {
    requestGpu: () => requestGpu(),
    startJobThread: () => startThread<JobWorkerApi>("job-worker", undefined),
    loadGpuConstants: async () => {
      await loadGpuConstants();
    },
    confs: { root: `${packageRoot()}/confs/`, exists: existsSync, read: readText },
    files: nodeFiles,
    root: logdir ?? expandPath(LOGDIR, variables),
    logdir: (asked) => logdir ?? expandPath(asked, variables),
    datasets: nodeDatasetIo,
    decoder: () => decoder,
    // Processes are told apart by their users, with --exp-prefix or --common.logdir.
    alone: (_name, work) => work(),
    running: async () => new Set(),
    checkpointMinutes: Number.POSITIVE_INFINITY,
    variables,
    tuningStore: (onWarning, file) => fileTuningStore(file ?? tuningFile(env, homedir(), process.platform), onWarning),
    version: packageVersion(),
  };
}
