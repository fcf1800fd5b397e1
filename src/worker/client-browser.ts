import { type Remote, wrap } from "comlink";
import type { SupernetApi } from "./protocol.ts";
import { carryErrors } from "./wire.ts";

/** An engine in a worker of its own. */
export interface EngineClient {
  readonly api: Remote<SupernetApi>;
  /** Ends the worker, whatever it does. Files are whole; what was not written yet is lost. */
  end(): void;
}

/** Starts a worker with an engine. Errors of its methods are `SupernetError`s; listeners go through `proxy` of Comlink. */
export function startEngine(): EngineClient {
  carryErrors();
  const worker = new Worker(new URL("./browser.ts", import.meta.url), { type: "module", name: "supernet" });
  return { api: wrap<SupernetApi>(worker), end: () => worker.terminate() };
}
