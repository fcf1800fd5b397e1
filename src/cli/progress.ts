import { SingleBar } from "cli-progress";
import type { RunEvent } from "../worker/protocol.ts";

/** What a run says of its progress. */
export type ProgressEvent = Extract<RunEvent, { kind: "progress" }>;

/** Tells how far a run is: a bar in a terminal, a line after each pass over the data elsewhere. */
export interface ProgressDisplay {
  update(event: ProgressEvent): void;
  /** Leaves the terminal as it was; a later update starts over. */
  stop(): void;
}

/** Where progress goes: a terminal, a pipe, a file. */
export type ProgressStream = Pick<NodeJS.WritableStream, "write"> & { readonly isTTY?: boolean };

/** @param now milliseconds that never go back */
export function createProgress(stream: ProgressStream, now: () => number = () => performance.now()): ProgressDisplay {
  return stream.isTTY ? bar(stream as NodeJS.WriteStream, now) : lines(stream);
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

/** A pass over the data, unlike all others. */
const passOf = ({ title, pass, epoch }: ProgressEvent) => `${title} ${pass} ${epoch}`;

/** "" while it is not known. */
const speed = ({ imagesPerSecond }: ProgressEvent) =>
  imagesPerSecond > 0 ? `${imagesPerSecond.toFixed(0)} images/s` : "";

/** In characters. What does not fit the terminal is cut off at the right, so the time left is named last. */
const BAR_SIZE = 20;
const FORMAT = "{title} {bar} epoch {epoch}{phase}  loss {loss}  top1 {top1}  {speed}{left}";

function bar(stream: NodeJS.WriteStream, now: () => number): ProgressDisplay {
  let current:
    | { readonly title: string; readonly bar: SingleBar; readonly left: (share: number) => string }
    | undefined;
  const stop = () => {
    current?.bar.stop();
    current = undefined;
  };
  return {
    stop,
    update(event) {
      const { title, pass, epoch, epochs, batch, batches, loss, top1 } = event;
      // Validation is short beside training: only training batches count.
      const share = pass === "train" ? (epoch + batch / batches) / epochs : (epoch + 1) / epochs;
      const rate = speed(event);
      const figures = {
        title,
        epoch: `${epoch + 1}/${epochs}`,
        phase: pass === "train" ? "" : " validating",
        loss: loss.toFixed(3),
        top1: percent(top1),
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

function lines(stream: ProgressStream): ProgressDisplay {
  let printed = "";
  return {
    stop() {},
    update(event) {
      const { title, pass, epoch, epochs, batch, batches, loss, top1 } = event;
      const rate = speed(event);
      const place = passOf(event);
      // The last batch may be told twice: on the way, and as the end of the pass.
      if (batch < batches || place === printed) return;
      printed = place;
      const what = `${title} epoch ${epoch + 1}/${epochs} ${pass === "train" ? "trained   " : "validated "}`;
      const figures = `${what} loss ${loss.toFixed(4)}  top1 ${percent(top1)}`;
      stream.write(`${figures}${rate && `  ${rate}`}\n`);
    },
  };
}
