import { underJoinedSignal } from "../train/joined-signal.ts";
import type { Executor } from "./executor.ts";
import type { TrainingControl } from "./training-control.ts";

export interface OrderedTasks<T> {
  readonly executor: Pick<Executor, "workers">;
  /** What the tasks' own controls are made of. */
  readonly control: TrainingControl;
  /**
   * Begins task `index`, from 0; undefined where it cannot begin yet, or there is none.
   * @param foremost whether all tasks before it have ended
   */
  start(index: number, control: TrainingControl, foremost: () => boolean): Promise<T> | undefined;
  /** Takes the result of task `index`; false ends it all. Called in the order of the tasks. */
  fold(result: T, index: number): boolean | Promise<boolean>;
}

/**
 * Runs tasks, as many at once as the executor has workers, and takes their results in the order of the tasks: what follows from
 * them does not depend on how many there are, or which ends first. Of the tasks that run only the foremost tells how far it
 * is.
 *
 * @throws what the foremost task throws; the others are stopped
 */
export async function inOrder<T>(tasks: OrderedTasks<T>): Promise<void> {
  const stop = new AbortController();
  await underJoinedSignal([tasks.control.signal, stop.signal], async (signal) => {
    const running: Promise<T>[] = [];
    try {
      await foldAll(tasks, running, signal);
    } finally {
      stop.abort();
      await Promise.allSettled(running);
    }
  });
}

/** @param running tasks that were begun, added to it */
async function foldAll<T>(tasks: OrderedTasks<T>, running: Promise<T>[], signal: AbortSignal): Promise<void> {
  const { executor, control, start, fold } = tasks;
  let front = 0;
  const begin = () => {
    while (running.length < front + executor.workers) {
      const index = running.length;
      const foremost = () => index === front;
      const task = start(index, controlOf(control, signal, foremost), foremost);
      if (!task) break;
      // One that fails while another is waited for is heard of when its turn comes.
      task.catch(() => {});
      running.push(task);
    }
  };
  for (begin(); front < running.length; begin()) {
    const result = await running[front]!;
    if (!(await fold(result, front))) break;
    front++;
  }
}

function controlOf(control: TrainingControl, signal: AbortSignal, foremost: () => boolean): TrainingControl {
  const { gate, onWarning, onPreparing, onProgress } = control;
  return {
    gate,
    signal,
    onWarning,
    onPreparing: onPreparing && ((title) => foremost() && onPreparing(title)),
    onProgress: onProgress && ((title, progress) => foremost() && onProgress(title, progress)),
  };
}
