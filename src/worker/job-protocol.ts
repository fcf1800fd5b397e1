import type { Remote } from "comlink";
import type { JobResult, TrainingJob } from "../nas/job.ts";
import type { Trained } from "../nas/trained.ts";
import type { Progress } from "../train/progress.ts";
import type { MemoryShare } from "./backend.ts";

/** What a job tells while it runs. */
export type JobEvent =
  | { readonly kind: "preparing"; readonly title: string }
  | { readonly kind: "warning"; readonly message: string }
  | { readonly kind: "progress"; readonly title: string; readonly progress: Progress }
  | { readonly kind: "epoch"; readonly epoch: number; readonly trained: Trained };

/** Carries out training jobs on a device of its own, one at a time. */
export interface JobWorkerApi {
  /**
   * @param epochs tell after every epoch what would be decided by
   * @throws as `runJob`
   */
  run(
    job: TrainingJob,
    options: { readonly epochs: boolean; readonly memory: MemoryShare },
    listener: (event: JobEvent) => unknown,
  ): Promise<JobResult>;
  /** Ends the job before its next step. */
  stop(): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Frees the device. */
  dispose(): Promise<void>;
}

/** A thread that carries out jobs. */
export interface JobThread {
  readonly api: Remote<JobWorkerApi>;
  /** Rejects when the thread dies. */
  readonly failed: Promise<never>;
  /** Frees its device and ends it. */
  end(): Promise<void>;
}
