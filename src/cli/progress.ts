import { SingleBar } from "cli-progress";
import type { Progress } from "../train/trainer.ts";

/** Tells how far a run is: a bar in a terminal, a line after each pass over the data elsewhere. */
export interface ProgressDisplay {
  /** @param title of the training run that `progress` is about */
  readonly update: (title: string, progress: Progress) => void;
  /** Leaves the terminal as it was; a later update starts over. */
  stop(): void;
}

/** Where progress goes: a terminal, a pipe, a file. */
export type ProgressStream = Pick<NodeJS.WritableStream, "write"> & { readonly isTTY?: boolean };

/** @param now milliseconds that never go back */
export function createProgress(stream: ProgressStream, now: () => number = () => performance.now()): ProgressDisplay {
  return stream.isTTY ? bar(stream as NodeJS.WriteStream, now) : lines(stream, now);
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

/** A pass over the data, unlike all others. */
const passOf = (title: string, { phase, epoch }: Progress) => `${title} ${phase} ${epoch}`;

/**
 * Images a second of the current pass, "" while unknown: passes differ too much in speed to be averaged over. A pass begins
 * when the one before it ended; of the very first only the reports say when.
 */
function throughput(now: () => number) {
  let current: { title: string; pass: string; start: number; samples: number } | undefined;
  let last = 0;
  return (title: string, progress: Progress): string => {
    const time = now();
    const pass = passOf(title, progress);
    const { samples } = progress.averages;
    if (current?.title !== title) current = { title, pass, start: time, samples };
    else if (current.pass !== pass) current = { title, pass, start: last, samples: 0 };
    last = time;
    const seconds = (time - current.start) / 1000;
    const rate = (samples - current.samples) / seconds;
    return seconds > 0 && rate > 0 ? `${rate.toFixed(0)} images/s` : "";
  };
}

/** In characters. What does not fit the terminal is cut off at the right, so the time left is named last. */
const BAR_SIZE = 20;
const FORMAT = "{title} {bar} epoch {epoch}{phase}  loss {loss}  top1 {top1}  {speed}{left}";

function bar(stream: NodeJS.WriteStream, now: () => number): ProgressDisplay {
  let current:
    | { readonly title: string; readonly bar: SingleBar; readonly left: (share: number) => string }
    | undefined;
  const speed = throughput(now);
  const stop = () => {
    current?.bar.stop();
    current = undefined;
  };
  return {
    stop,
    update(title, progress) {
      const { phase, epoch, epochs, batch, batches, averages } = progress;
      // Validation is short beside training: only training batches count.
      const share = phase === "train" ? (epoch + batch / batches) / epochs : (epoch + 1) / epochs;
      const rate = speed(title, progress);
      const figures = {
        title,
        epoch: `${epoch + 1}/${epochs}`,
        phase: phase === "train" ? "" : " validating",
        loss: averages.loss.toFixed(3),
        top1: percent(averages.top1),
        speed: rate,
      };
      if (current?.title !== title) {
        stop();
        // Whoever made the display handles interrupts, and stops it.
        const options = { format: FORMAT, barsize: BAR_SIZE, stream, hideCursor: true, gracefulExit: false, fps: 5 };
        const next = new SingleBar({ ...options, barCompleteChar: "█", barIncompleteChar: "░" });
        current = { title, bar: next, left: timeLeft(now, share) };
        next.start(1, share, { ...figures, left: "" });
        return;
      }
      const left = current.left(share);
      current.bar.update(share, { ...figures, left: left && `${rate && "  "}${left}` });
    },
  };
}

/** Time left of a run at the speed since it was first heard of, validation and all; "" while unknown. */
function timeLeft(now: () => number, first: number) {
  const start = now();
  return (share: number): string => {
    if (share <= first) return "";
    const seconds = Math.round(((1 - share) / (share - first)) * ((now() - start) / 1000));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const two = (count: number) => String(count).padStart(2, "0");
    return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)} left`;
  };
}

function lines(stream: ProgressStream, now: () => number): ProgressDisplay {
  const speed = throughput(now);
  let printed = "";
  return {
    stop() {},
    update(title, progress) {
      const { phase, epoch, epochs, batch, batches, averages } = progress;
      const rate = speed(title, progress);
      const pass = passOf(title, progress);
      // The last batch may be told twice: on the way, and as the end of the pass.
      if (batch < batches || pass === printed) return;
      printed = pass;
      const what = `${title} epoch ${epoch + 1}/${epochs} ${phase === "train" ? "trained   " : "validated "}`;
      const figures = `${what} loss ${averages.loss.toFixed(4)}  top1 ${percent(averages.top1)}`;
      stream.write(`${figures}${rate && `  ${rate}`}\n`);
    },
  };
}
