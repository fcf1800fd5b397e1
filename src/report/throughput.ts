import type { Progress } from "../train/progress.ts";

/**
 * Images a second of the current pass, 0 while unknown: passes differ too much in speed to be averaged over. A pass begins
 * when the one before it ended; of the very first only the reports say when.
 *
 * @param now milliseconds that never go back
 * @returns a function that is told every report, with the title of the training run
 */
export function throughput(now: () => number): (title: string, progress: Progress) => number {
  let current: { title: string; pass: string; start: number; samples: number } | undefined;
  let last = 0;
  return (title, progress) => {
    const time = now();
    const pass = `${progress.phase} ${progress.epoch}`;
    const { samples } = progress.averages;
    if (current?.title !== title) current = { title, pass, start: time, samples };
    else if (current.pass !== pass) current = { title, pass, start: last, samples: 0 };
    last = time;
    const seconds = (time - current.start) / 1000;
    return seconds > 0 ? (samples - current.samples) / seconds : 0;
  };
}
