import { proxy } from "comlink";
import type { Executor } from "../nas/executor.ts";
import type { JobControl, JobResult, TrainingJob } from "../nas/job.ts";
import type { MemoryShare } from "./backend.ts";
import type { JobEvent, JobThread } from "./job-protocol.ts";

export interface JobPool {
  readonly executor: Executor;
  /** Ends all threads; to be called when no job runs. */
  dispose(): Promise<void>;
}

/** Carries out jobs in threads, each with a device of its own, which are started when they are first needed. */
export function openJobPool(memory: MemoryShare, start: () => JobThread): JobPool {
  const { threads: workers } = memory;
  const threads: JobThread[] = [];
  const idle: JobThread[] = [];
  const waiting: ((thread: JobThread) => void)[] = [];

  const take = (): JobThread | Promise<JobThread> => {
    const free = idle.pop();
    if (free) return free;
    if (threads.length === workers) return new Promise((resolve) => waiting.push(resolve));
    const thread = start();
    threads.push(thread);
    return thread;
  };
  const give = (thread: JobThread) => {
    const next = waiting.shift();
    if (next) next(thread);
    else idle.push(thread);
  };

  return {
    executor: {
      workers,
      async run(job, control) {
        const thread = await take();
        try {
          return await runOn(thread, job, memory, control);
        } finally {
          give(thread);
        }
      },
    },
    async dispose() {
      await Promise.all(threads.map(({ end }) => end()));
    },
  };
}

async function runOn(
  { api, failed }: JobThread,
  job: TrainingJob,
  memory: MemoryShare,
  control: JobControl,
): Promise<JobResult> {
  const { signal, gate } = control;
  await gate?.passed();
  signal?.throwIfAborted();
  const stop = () => void api.stop();
  signal?.addEventListener("abort", stop);
  let held = false;
  const hold = async () => {
    held = true;
    await api.pause();
    await gate?.passed();
    await api.resume();
    held = false;
  };
  const listener = (event: JobEvent) => {
    // Whoever pauses a run closes the gate here; the thread hears of it with its next report.
    if (gate?.closed && !held) void hold();
    tell(event, control);
  };
  try {
    return await Promise.race([
      api.run(job, { epochs: control.onEpoch !== undefined, memory }, proxy(listener)),
      failed,
    ]);
  } catch (error) {
    throw signal?.aborted ? signal.reason : error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

function tell(event: JobEvent, { onPreparing, onWarning, onProgress, onEpoch }: JobControl): void {
  if (event.kind === "preparing") onPreparing?.(event.title);
  else if (event.kind === "warning") onWarning?.(event.message);
  else if (event.kind === "progress") onProgress?.(event.title, event.progress);
  else onEpoch?.(event.epoch, event.trained);
}
