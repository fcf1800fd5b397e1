import { transfer } from "comlink";
import { algorithmNames } from "../algos/index.ts";
import { experimentKeys } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import { OpenCheckpoints } from "../nas/open-checkpoints.ts";
import { Gate } from "../train/gate.ts";
import { RunClassifier } from "./classify.ts";
import { datasetMethods } from "./datasets.ts";
import { DeviceHolder } from "./device.ts";
import { forecastRun } from "./forecast.ts";
import type { Host } from "./host.ts";
import { Outbox } from "./outbox.ts";
import type { RunEvent, RunRequest, RunSummary, SupernetApi } from "./protocol.ts";
import { checkConf, memoryOf, resolveRequest } from "./request.ts";
import { type EventBody, runExperiment } from "./run.ts";
import { readRunFile, removeRun, storedRuns, zipRun } from "./runs.ts";
import { unfinishedRuns } from "./unfinished.ts";

/** A run in progress. */
interface Current {
  readonly name: string;
  readonly stop: AbortController;
  readonly gate: Gate;
  readonly checkpoints: OpenCheckpoints;
  /** Resolves when its files are closed; never rejects. */
  readonly ended: Promise<void>;
}

type Listener = (event: RunEvent) => unknown;

/** The engine behind the API: one device, one run at a time. */
export function createSession(host: Host): SupernetApi {
  const device = new DeviceHolder(host);
  const classifier = new RunClassifier(host, device);
  let current: Current | undefined;
  /** Name of its folders, once it is known. */
  let running: string | undefined;

  const start = async (request: RunRequest, listener: Listener): Promise<RunSummary> => {
    if (current) throw new SupernetError("config", `${current.name} is running: stop it, or wait until it has ended`);
    const outbox = new Outbox(listener);
    const tell = (event: EventBody) => outbox.send({ ...event, time: Date.now() } as RunEvent);
    const stop = new AbortController();
    const gate = new Gate({
      onHeld: () => tell({ kind: "paused" }),
      onReleased: () => tell({ kind: "resumed" }),
    });
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const checkpoints = new OpenCheckpoints();
    current = { name: `${request.algo} on ${request.dataset}`, stop, gate, checkpoints, ended };
    try {
      const resolved = await resolveRequest(request, host);
      if (!request.fallback) await requireWebGpu(host);
      running = resolved.name;
      return await host.alone(resolved.name, async () => {
        const backend = await device.open();
        void backend.lost?.then((error) => stop.abort(error));
        const { tune, workers = 1 } = request;
        const parts = { host, backend, request: resolved, asked: request, tune, workers, checkpoints };
        return await runExperiment({ ...parts, tell, signal: stop.signal, gate });
      });
    } catch (error) {
      // Work that is cut off fails in many ways; the signal knows why.
      throw stop.signal.aborted ? stop.signal.reason : error;
    } finally {
      current = undefined;
      running = undefined;
      end();
      await outbox.close();
    }
  };

  const idle = (what: string) => {
    if (current) throw new SupernetError("config", `${what} has to wait: ${current.name} is running`);
  };

  const stopRun = async () => {
    current?.stop.abort(new SupernetError("aborted", "the run was interrupted"));
    await current?.ended;
  };

  return {
    ...datasetMethods(host),
    adapter: async () => (await device.open()).adapter,
    resolve: async (request) => {
      const { name, confText } = await resolveRequest(request, host);
      return { name, text: confText };
    },
    check: checkConf,
    confKeys: async () => experimentKeys(),
    algorithms: async () => algorithmNames,
    forecast: async (request) => {
      const resolved = await resolveRequest(request, host);
      const backend = await device.open();
      // What TensorFlow.js keeps in textures, and for how long, is its own business.
      const paper = await backend.paper?.(memoryOf(resolved));
      return paper ? forecastRun(resolved, host, paper) : [];
    },
    start,
    pause: async () => current?.gate.close(),
    resume: async () => current?.gate.open(),
    stop: stopRun,
    keep: async () => current?.checkpoints.keep(),
    runs: () => storedRuns(host.files, host.root),
    unfinished: async () => {
      const others = await host.running();
      const runs = await unfinishedRuns(host.files, host.root);
      return runs.filter(({ name }) => name !== running && !others.has(name));
    },
    readFile: async (path) => moved(await readRunFile(host.files, host.root, path)),
    zip: async (name) => moved(await zipRun(host.files, host.root, name)),
    remove: async (name) => {
      idle("removing a run");
      await host.alone(name, () => removeRun(host.files, host.root, name));
    },
    classify: (name, pixels) => classifier.classify(name, pixels),
    dispose: async () => {
      device.close();
      await stopRun();
      classifier.dispose();
      await device.dispose();
    },
  };
}

/** @throws SupernetError("device") where there is only the fallback, which nobody shall get who did not choose it */
async function requireWebGpu({ fallback }: Host): Promise<void> {
  const missing = await fallback?.missingWebGpu();
  if (missing === undefined) return;
  const choice = "or choose the fallback, TensorFlow.js on WebGL, which is much slower";
  throw new SupernetError("device", `${missing}, ${choice}`);
}

/** Bytes that go to the caller instead of being copied. */
const moved = (bytes: Uint8Array<ArrayBuffer>) => transfer(bytes, [bytes.buffer]);
