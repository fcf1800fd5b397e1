/** Training jobs in a thread of Node; `node-host.ts` starts it. */
import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { createJobWorker } from "./job-worker.ts";
import { nodeHost } from "./node-host.ts";
import { carryErrors } from "./wire.ts";

carryErrors();
expose(createJobWorker(nodeHost()), nodeEndpoint(parentPort!));
