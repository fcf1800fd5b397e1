import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { bestEpochs, metricsTree, type PassRecord, type RunRecord } from "../../../src/train/metrics.ts";

const pass = (top1: number, steps = 1): PassRecord => ({
  averages: { loss: 2.5, top1: top1 / 32, top5: 0.5, samples: 32 },
  lastStep: { loss: 2.25, top1: 0.5, top5: 0.75, samples: 8 },
  steps,
  startTime: 100,
  endTime: 104,
});

const run: RunRecord = {
  title: "eval_train",
  path: "eval_arch/eval_train",
  loggerFreq: 1,
  startTime: 90,
  endTime: 200,
  epochs: [
    { train: pass(4), val: pass(7), startLr: 0.025, endLr: 0.013 },
    { train: pass(6), val: pass(9), startLr: 0.013, endLr: 0.001 },
    { train: pass(6), startLr: 0.001, endLr: 0 },
  ],
  test: {
    title: "eval_test",
    path: "eval_arch/eval_train/eval_test",
    loggerFreq: 1,
    startTime: 150,
    endTime: 160,
    epochs: [{ train: pass(8, 2), startLr: Number.NaN, endLr: Number.NaN }],
  },
};

/** Every path to a leaf, list positions left out, so that runs of any length compare. */
function keys(value: unknown, path = ""): Set<string> {
  if (Array.isArray(value)) return new Set(value.flatMap((item) => [...keys(item, path)]));
  if (value === null || typeof value !== "object") return new Set([path]);
  return new Set(Object.entries(value).flatMap(([key, child]) => [...keys(child, `${path}/${key}`)]));
}

describe("metrics", () => {
  it("finds the first best epoch of training and of validation", () => {
    expect(bestEpochs(run.epochs)).toEqual({
      train: { epoch: 1, top1: 6 / 32 },
      val: { epoch: 1, top1: 9 / 32 },
    });
    expect(bestEpochs(run.epochs.slice(2))).toEqual({ train: { epoch: 0, top1: 6 / 32 } });
    expect(bestEpochs([])).toEqual({});
  });

  it("writes the keys of Archai's metrics file, and no others", () => {
    const path = join(import.meta.dirname, "../../oracle/data/log/eval.eval_train_metrics.yaml");
    const golden = parse(readFileSync(path, "utf8").replaceAll(/!!python\/\S+/g, ""));
    // The golden run validates in every epoch.
    const tree = metricsTree({ ...run, epochs: run.epochs.slice(0, 2) });
    expect([...keys(tree)].sort()).toEqual([...keys(golden)].sort());
  });

  it("fills them from the averages", () => {
    const tree = metricsTree(run);
    expect(tree).toMatchObject({
      title: "eval_train",
      global_step: 2,
      run_metrics: {
        epoch: 2,
        epochs_metrics: [
          {
            index: 0,
            step: 0,
            start_lr: 0.025,
            loss: { avg: 2.5, cnt: 32, last: 2.25, sum: 80 },
            top1: { avg: 0.125, cnt: 32, last: 0.5, sum: 4 },
            step_time: { avg: 4, cnt: 1, last: 4, sum: 4 },
            val_metrics: { top1: { sum: 7 }, val_metrics: null },
          },
          { index: 1 },
          { index: 2, val_metrics: null },
        ],
        test_metrics: { global_step: 1, run_metrics: { test_metrics: null } },
      },
    });
  });
});
