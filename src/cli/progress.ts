import { SingleBar } from "cli-progress";
import type { Progress } from "../train/trainer.ts";

/** Tells how far a run is: a bar in a terminal, a line for every pass over the data elsewhere. */
export interface ProgressDisplay {
  readonly update: (title: string, progress: Progress) => void;
  /** Leaves the terminal as it was; a later update starts over. */
  stop(): void;
}

export function createProgress(stream: NodeJS.WriteStream): ProgressDisplay {
  return stream.isTTY ? bar(stream) : lines(stream);
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

/** Images a second of the current pass; passes differ too much in speed to be averaged over. */
function throughput() {
  let key = "";
  let started = 0;
  let first = 0;
  return (title: string, { phase, epoch, averages }: Progress): string => {
    const now = performance.now();
    if (key !== `${title} ${phase} ${epoch}`) {
      key = `${title} ${phase} ${epoch}`;
      started = now;
      first = averages.samples;
    }
    const images = averages.samples - first;
    return images > 0 ? `${((1000 * images) / (now - started)).toFixed(0)} images/s` : "";
  };
}

function bar(stream: NodeJS.WriteStream): ProgressDisplay {
  let current: { title: string; bar: SingleBar } | undefined;
  const speed = throughput();
  const stop = () => {
    current?.bar.stop();
    current = undefined;
  };
  return {
    stop,
    update(title, progress) {
      const { phase, epoch, epochs, batch, batches, averages } = progress;
      if (current?.title !== title) {
        stop();
        const format =
          "{title} [{bar}] epoch {epoch} {phase} | loss {loss} top1 {top1} | {speed} | {eta_formatted} left";
        const next = new SingleBar({ format, stream, hideCursor: true, etaBuffer: 50, fps: 5 });
        next.start(1000, 0, { title, epoch: "", phase: "", loss: "", top1: "", speed: "" });
        current = { title, bar: next };
      }
      // Validation is short beside training: the bar counts training batches.
      const done = phase === "train" ? (epoch + batch / batches) / epochs : (epoch + 1) / epochs;
      current.bar.update(Math.floor(1000 * done), {
        title,
        epoch: `${epoch + 1}/${epochs}`,
        phase: phase === "train" ? "" : "(validating)",
        loss: averages.loss.toFixed(3),
        top1: percent(averages.top1),
        speed: speed(title, progress),
      });
    },
  };
}

function lines(stream: NodeJS.WriteStream): ProgressDisplay {
  const speed = throughput();
  let told = "";
  return {
    stop() {
      told = "";
    },
    update(title, progress) {
      const { phase, epoch, epochs, batch, batches, averages } = progress;
      const rate = speed(title, progress);
      const pass = `${title} epoch ${epoch + 1}/${epochs} ${phase === "train" ? "trained  " : "validated"}`;
      // A late report may tell of the last batch again.
      if (batch < batches || pass === told) return;
      told = pass;
      const parts = [pass, `loss ${averages.loss.toFixed(4)}`, `top1 ${percent(averages.top1)}`, rate];
      stream.write(`${parts.filter((part) => part !== "").join("  ")}\n`);
    },
  };
}
