import { join } from "node:path";
import { SHARE_ENV, Worker } from "node:worker_threads";
import { type Remote, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { packageRoot } from "../host/node/package-root.ts";
import type { SupernetApi } from "./protocol.ts";
import { carryErrors } from "./wire.ts";

/** What the worker is told when it starts. */
export interface NodeWorkerData {
  /** See `nodeHost`. */
  readonly logdir?: string | undefined;
}

/** An engine in a thread of its own. */
export interface EngineClient {
  readonly api: Remote<SupernetApi>;
  /** Rejects when the thread dies of a bug: calls that are open then are never answered. */
  readonly failed: Promise<never>;
  /**
   * Ends the thread. To be called after `api.dispose()` has resolved: Dawn ends the process where a promise of its own is still
   * open when its thread ends.
   */
  end(): Promise<void>;
}

/** Starts a thread with an engine, from the bundle. Errors of its methods are `SupernetError`s. */
export function startEngine(workerData: NodeWorkerData = {}): EngineClient {
  carryErrors();
  // Dawn reads the process's environment; a thread's copy of it would not reach it.
  const worker = new Worker(join(packageRoot(), "dist/node/worker.js"), { workerData, env: SHARE_ENV });
  const failed = new Promise<never>((_, reject) => worker.once("error", reject));
  failed.catch(() => {});
  return {
    api: wrap<SupernetApi>(nodeEndpoint(worker)),
    failed,
    end: async () => {
      await worker.terminate();
    },
  };
}
