import type { JobControl, JobResult, JobTools, TrainingJob } from "./job.ts";
import { runJob } from "./job.ts";

/**
 * Where training jobs are carried out: here one after another, or on several devices at once. What a search finds must not
 * depend on it, so nobody may look at which of two jobs ends first.
 */
export interface Executor {
  /** Jobs that it runs at once; more wait. */
  readonly workers: number;
  /** @throws as `runJob`; the reason of the control's signal when it is aborted */
  run(job: TrainingJob, control: JobControl): Promise<JobResult>;
}

/** Carries jobs out with the given trainers, one after another. */
export function localExecutor(tools: JobTools): Executor {
  let last: Promise<unknown> = Promise.resolve();
  return {
    workers: 1,
    run(job, control) {
      const result = last.then(() => {
        control.signal?.throwIfAborted();
        return runJob(job, tools, control);
      });
      last = result.catch(() => {});
      return result;
    },
  };
}
