/** The engine in a thread of Node; `client-node.ts` starts it. */
import { parentPort, workerData } from "node:worker_threads";
import { expose } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import type { NodeWorkerData } from "./client-node.ts";
import { nodeHost } from "./node-host.ts";
import { createSession } from "./session.ts";
import { carryErrors } from "./wire.ts";

const { logdir } = workerData as NodeWorkerData;
carryErrors();
expose(createSession(nodeHost(logdir)), nodeEndpoint(parentPort!));
