import type { SupernetApi } from "./protocol.ts";
import { startThread, type Thread } from "./thread-node.ts";

/** What the worker is told when it starts. */
export interface NodeWorkerData {
  /** See `nodeHost`. */
  readonly logdir?: string | undefined;
}

/** An engine in a thread of its own. */
export type EngineClient = Thread<SupernetApi>;

/** Starts a thread with an engine. */
export const startEngine = (workerData: NodeWorkerData = {}): EngineClient =>
  startThread<SupernetApi>("worker", workerData);
