import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelDescFromJson } from "../../../src/desc/json.ts";
import { costSummary, duration, runSummary } from "../../../src/report/summary.ts";
import type { EpochRecord, PassRecord, RunRecord } from "../../../src/train/metrics.ts";

const pass = (top1: number): PassRecord => ({
  averages: { top1, top5: 0.875, loss: 1.23456, samples: 64 },
  steps: 4,
  startTime: 0,
  endTime: 1,
});
const epoch = (train: number, val?: number): EpochRecord => ({
  train: pass(train),
  ...(val !== undefined && { val: pass(val) }),
  startLr: 0.1,
  endLr: 0,
});
const run = (...epochs: EpochRecord[]): RunRecord => ({
  title: "eval_train",
  path: "eval_arch/eval_train",
  loggerFreq: 10,
  startTime: 100,
  endTime: 134.56,
  epochs,
});

describe("runSummary", () => {
  it("tells how the last epoch did, and how long all took", () => {
    expect(runSummary(run(epoch(0.5, 0.25), epoch(0.75, 0.5)), "test")).toMatchInlineSnapshot(`
      "test top1 50.00 %, top5 87.50 %, loss 1.2346
      train top1 75.00 %, loss 1.2346, 2 epochs, 34.6 s"
    `);
  });

  it("mentions a better epoch, counted from 1 as while it runs", () => {
    expect(runSummary(run(epoch(0.5, 0.625), epoch(0.75, 0.5)), "validation")).toMatchInlineSnapshot(`
      "validation top1 50.00 %, top5 87.50 %, loss 1.2346 (best: 62.50 % after epoch 1)
      train top1 75.00 %, loss 1.2346, 2 epochs, 34.6 s"
    `);
  });

  it("does not call an epoch better that was as good", () => {
    expect(runSummary(run(epoch(0.5, 0.5), epoch(0.75, 0.5)), "test")).not.toContain("best");
  });

  it("takes the last epoch that was validated", () => {
    expect(runSummary(run(epoch(0.5, 0.25), epoch(0.75)), "test")).toMatchInlineSnapshot(`
      "test top1 25.00 %, top5 87.50 %, loss 1.2346 after epoch 1
      train top1 75.00 %, loss 1.2346, 2 epochs, 34.6 s"
    `);
  });

  it("copes with runs that validated nothing, or did nothing", () => {
    expect(runSummary(run(epoch(0.5)), "test")).toMatchInlineSnapshot(`
      "no test figures
      train top1 50.00 %, loss 1.2346, 1 epoch, 34.6 s"
    `);
    expect(runSummary(run(), "test")).toMatchInlineSnapshot(`"trained no epoch, 34.6 s"`);
  });
});

describe("costSummary", () => {
  it("counts what the golden data count", () => {
    const golden = join(process.env.ORACLE_DIR ?? join(import.meta.dirname, "../../oracle/data"), "models");
    const { desc, n_params, affine } = JSON.parse(readFileSync(join(golden, "final_aux.json"), "utf8"));
    const text = costSummary(modelDescFromJson(desc), { height: 32, width: 32, affine });
    expect(text.startsWith(`${n_params.toLocaleString("en-US")} parameters`)).toBe(true);
    expect(text).toMatch(/ parameters \([\d,]+ of them in the aux tower\), [\d,]+ multiply-adds per 32x32 image$/);
  });
});

describe("duration", () => {
  it("is as exact as one wants to know", () => {
    expect([0, 1.26, 59.94, 59.96, 61, 119.6, 3599.6, 3600, 7261, 90_000].map(duration)).toMatchInlineSnapshot(`
      [
        "0.0 s",
        "1.3 s",
        "59.9 s",
        "1 min 0 s",
        "1 min 1 s",
        "2 min 0 s",
        "1 h 0 min",
        "1 h 0 min",
        "2 h 1 min",
        "25 h 0 min",
      ]
    `);
  });
});
