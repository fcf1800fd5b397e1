import { findAlgorithm } from "../algos/index.ts";
import { imagesOf, loadDataset, loadOnce } from "../data/load.ts";
import { SupernetError } from "../errors.ts";
import { type JobControl, runJob } from "../nas/job.ts";
import { Gate } from "../train/gate.ts";
import { DeviceHolder } from "./device.ts";
import type { Host } from "./host.ts";
import type { JobWorkerApi } from "./job-protocol.ts";
import { Outbox } from "./outbox.ts";
import { runFiles } from "./run-files.ts";

/** The API behind a thread for jobs. */
export function createJobWorker(host: Host): JobWorkerApi {
  const device = new DeviceHolder(host);
  const load = loadOnce((conf) => loadDataset(conf, host.datasets), imagesOf);
  const methodOf = (name: string) => {
    const { method } = findAlgorithm(name);
    if (!method) throw new Error(`${name} trains no supernet`);
    return method;
  };
  const files = runFiles(host.files);
  const gate = new Gate();
  let stop = new AbortController();
  return {
    async run(job, { epochs, memory }, listener) {
      stop = new AbortController();
      const outbox = new Outbox(listener);
      const control: JobControl = {
        signal: stop.signal,
        gate,
        onWarning: (message) => outbox.send({ kind: "warning", message }),
        onPreparing: (title) => outbox.send({ kind: "preparing", title }),
        onProgress: (title, progress) => outbox.send({ kind: "progress", title, progress }),
        ...(epochs && {
          onEpoch: (epoch, trained) => outbox.send({ kind: "epoch", epoch, trained }),
        }),
      };
      try {
        const backend = await device.open();
        const { trainers } = await backend.trainers(undefined, memory);
        return await runJob(job, { trainers, files, load, methodOf }, control);
      } finally {
        await outbox.close();
      }
    },
    stop: async () => stop.abort(new SupernetError("aborted", "the job was stopped")),
    pause: async () => gate.close(),
    resume: async () => gate.open(),
    dispose: () => device.dispose(),
  };
}
