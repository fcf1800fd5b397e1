import { type Remote, wrap } from "comlink";
import { SupernetError } from "../errors.ts";
import type { SupernetApi } from "./protocol.ts";
import { carryErrors } from "./wire.ts";

/** An engine in a worker of its own. */
export interface EngineClient {
  readonly api: Remote<SupernetApi>;
  /**
   * Rejects when the worker cannot be loaded or dies of a bug, and with "aborted" when it is ended: calls that are open then
   * are never answered.
   */
  readonly failed: Promise<never>;
  /** Ends the worker, whatever it does. Files are whole; what was not written yet is lost. */
  end(): void;
}

/** Starts a worker with an engine. Errors of its methods are `SupernetError`s; listeners go through `proxy` of Comlink. */
export function startEngine(): EngineClient {
  carryErrors();
  const worker = new Worker(new URL("./browser.ts", import.meta.url), { type: "module", name: "supernet" });
  let fail: (error: Error) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  worker.addEventListener("error", ({ message }) => {
    fail(new Error(message || "the engine's worker cannot be loaded"));
  });
  failed.catch(() => {});
  const end = () => {
    worker.terminate();
    fail(new SupernetError("aborted", "the engine was ended"));
  };
  return { api: wrap<SupernetApi>(worker), failed, end };
}
