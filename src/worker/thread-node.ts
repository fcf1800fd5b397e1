import { join } from "node:path";
import { SHARE_ENV, Worker } from "node:worker_threads";
import { type Remote, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { packageRoot } from "../host/node/package-root.ts";
import { carryErrors } from "./wire.ts";

/** What every thread can be asked for. */
interface ThreadApi {
  /** Frees the device. */
  dispose(): Promise<void>;
}

/** A thread of Node that answers calls. */
export interface Thread<Api> {
  readonly api: Remote<Api>;
  /** Rejects when the thread dies of a bug: calls that are open then are never answered. */
  readonly failed: Promise<never>;
  /**
   * Frees the thread's device, then ends it; once, however often it is called. In this order: Dawn ends the process where a promise
   * of its own is still open when its thread ends.
   */
  end(): Promise<void>;
}

/**
 * Starts a thread from the bundle. Errors of its methods are `SupernetError`s.
 * @param name of its file
 */
export function startThread<Api extends ThreadApi>(name: string, workerData: unknown): Thread<Api> {
  carryErrors();
  // Dawn reads the process's environment; a thread's copy of it would not reach it.
  const worker = new Worker(join(packageRoot(), `dist/node/${name}.js`), { workerData, env: SHARE_ENV });
  const failed = new Promise<never>((_, reject) => worker.once("error", reject));
  failed.catch(() => {});
  const api = wrap<Api>(nodeEndpoint(worker));
  const { dispose } = api as unknown as ThreadApi;
  const disposeAndTerminate = async () => {
    await Promise.race([dispose(), failed]).catch(() => {});
    await worker.terminate();
  };
  let ending: Promise<void> | undefined;
  return {
    api,
    failed,
    end: () => {
      ending ??= disposeAndTerminate();
      return ending;
    },
  };
}
