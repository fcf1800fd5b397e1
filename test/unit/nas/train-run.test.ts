import { expect, test } from "vitest";
import { Logger } from "../../../src/log/logger.ts";
import { TrainRun } from "../../../src/nas/train-run.ts";
import type { EpochRecord } from "../../../src/train/metrics.ts";

const AVERAGES = { loss: 1, top1: 0.5, top5: 1, samples: 8 };
const PASS = { averages: AVERAGES, steps: 2, startTime: 1, endTime: 2 };
const epoch = (...warnings: string[]): EpochRecord => ({ train: PASS, startLr: 0.1, endLr: 0.1, warnings });

/** The lines of the log, without their times, and what the user is told. */
async function logged(tell: (run: TrainRun) => Promise<void>) {
  const texts: string[] = [];
  const logger = new Logger({ writeText: async () => {}, appendText: async (_, text) => void texts.push(text) });
  const told: string[] = [];
  const control = { onWarning: (message: string) => void told.push(message) };
  await tell(new TrainRun({ control, logger, trainer: { title: "train", logger_freq: 0, epochs: 2 }, path: "run" }));
  await logger.close();
  return {
    told,
    lines: texts
      .join("")
      .split("\n")
      .map((line) => line.replace(/^\S+ \S+ /, "")),
  };
}

test("warnings are told at once, once, and a resumed run logs the same lines", async () => {
  const live = await logged(async (run) => {
    run.begin([], {});
    run.warned("first");
    // The device is lost; the epoch goes wrong in the same way again.
    run.begin([], {});
    run.warned("first");
    run.warned("second");
    await run.epochsDone([epoch("first", "second")]);
    run.warned("third");
    await run.epochsDone([epoch("first", "second"), epoch("third")]);
  });
  expect(live.told).toEqual(["first", "second", "third"]);
  expect(live.lines.filter((line) => line.startsWith("WARNING"))).toEqual(
    ["first", "second", "third"].map((message) => `WARNING ${message}`),
  );

  const resumed = await logged(async (run) => {
    run.begin([], {});
    await run.epochsDone([epoch("first", "second")]);
    run.warned("third");
    await run.epochsDone([epoch("first", "second"), epoch("third")]);
  });
  expect(resumed).toEqual({ told: ["third"], lines: live.lines });
});
