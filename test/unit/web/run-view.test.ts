import { describe, expect, it } from "vitest";
import { viewOfSummary } from "../../../src/web/state/kept-run.ts";
import {
  cellsOf,
  currentCurve,
  idleView,
  isBusy,
  type RunAction,
  reduceRun,
  secondsLeft,
  weightsOf,
} from "../../../src/web/state/run-view.ts";
import { announcement, cutOffLine, statusLine } from "../../../src/web/state/words.ts";
import type { UnfinishedRun } from "../../../src/worker/protocol.ts";
import { alphas, normal, progress, reduction, started, summary, weights } from "./events.ts";

const viewAfter = (...actions: RunAction[]) => actions.reduce(reduceRun, idleView);

describe("a run as it is told", () => {
  it("goes from nothing to a found architecture", () => {
    const views: string[] = [];
    const events: RunAction[] = [
      { kind: "starting" },
      ...started,
      progress(1, "train", 0, 2),
      progress(2, "validate", 0, 4),
      alphas(0, [normal]),
      { kind: "found", time: 0, cells: [normal, reduction], text: "" },
      { kind: "done", summary },
    ];
    events.reduce((view, event) => {
      const next = reduceRun(view, event);
      views.push(`${next.status}: ${statusLine(next)}`);
      return next;
    }, idleView);
    expect(views.map((line) => line.replaceAll("\u00a0", " "))).toMatchInlineSnapshot(`
      [
        "starting: Getting ready: data, kernels, memory…",
        "running: Getting ready: data, kernels, memory…",
        "running: Search: compiling the network…",
        "running: Search: epoch 1 of 2, training, batch 2 of 4",
        "running: Search: epoch 1 of 2, validating, batch 4 of 4",
        "running: Search: epoch 1 of 2, validating, batch 4 of 4",
        "running: Search: epoch 1 of 2, validating, batch 4 of 4",
        "done: Done: 45.0 % of the test images are told right.",
      ]
    `);
  });

  it("goes on where it was cut off, with the epochs that it had done", () => {
    const figures = (loss: number) => ({ loss, top1: 0.5, top5: 1 });
    const restored = {
      kind: "restored",
      time: 1000,
      phase: "search",
      title: "arch_train",
      epoch: 2,
      epochs: 4,
      done: [{ train: figures(3) }, { train: figures(2), val: figures(4) }],
    } as const;
    const resumed: RunAction[] = [{ kind: "starting", name: "darts_shapes_toy" }, ...started, restored];
    const view = viewAfter(...resumed);
    expect(statusLine(viewAfter(resumed[0]!))).toBe("Getting ready: data, kernels, memory…");
    expect(viewAfter(resumed[0]!).name).toBe("darts_shapes_toy");
    expect(statusLine(view)).toBe("Search: compiling the network, to go on in epoch 3 of 4…");
    expect(currentCurve(view)).toMatchObject({
      epochs: 4,
      train: [
        { x: 1, loss: 3 },
        { x: 2, loss: 2 },
      ],
      val: [{ x: 2, loss: 4 }],
      last: { done: 0.5 },
    });
    const after = reduceRun(view, progress(61, "train", 2, 2, { epochs: 4, time: 61_000 }));
    expect(statusLine(after)).toBe("Search: epoch 3 of 4, training, batch 2 of 4");
    expect(after.curves[0]!.train.map(({ x }) => x)).toEqual([1, 2, 2.5]);
    // In a minute 0.45 of an epoch of four was done; 1.55 are left.
    expect(secondsLeft(after)).toBeCloseTo((60 * 1.55) / 0.45, 6);
    const ended = reduceRun(view, { ...restored, epoch: 4 });
    expect(statusLine(ended)).toBe("Search: compiling the network, to go on after epoch 4, the last…");
    expect(ended.curves).toHaveLength(1);
  });

  it("tells a warning once, however often it comes", () => {
    const warning = (message: string) => ({ kind: "warning", time: 0, message }) as const;
    expect(viewAfter(warning("a"), warning("b"), warning("a")).warnings).toEqual(["a", "b"]);
  });

  it("has a curve for each training run: averages of the epoch so far, and one held-out point an epoch", () => {
    const view = viewAfter(
      ...started,
      progress(1, "train", 0, 1, { loss: 3 }),
      progress(2, "train", 0, 4, { loss: 2.5 }),
      progress(3, "validate", 0, 2, { loss: 2.6 }),
      progress(4, "validate", 0, 4, { loss: 2.4 }),
      progress(5, "train", 1, 1, { loss: 2.2 }),
      progress(9, "train", 0, 2, { phase: "eval", title: "eval_train", epochs: 3 }),
    );
    expect(view.curves.map(({ title, phase, epochs }) => [title, phase, epochs])).toEqual([
      ["arch_train", "search", 2],
      ["eval_train", "eval", 3],
    ]);
    expect(view.curves[0]?.train).toEqual([
      { x: 0.25, loss: 3, top1: 0.25 },
      { x: 1, loss: 2.5, top1: 0.25 },
      { x: 1.25, loss: 2.2, top1: 0.25 },
    ]);
    expect(view.curves[0]?.val).toEqual([{ x: 1, loss: 2.4, top1: 0.25 }]);
  });

  it("keeps a bounded number of points however long the run", () => {
    let view = viewAfter(...started);
    for (let batch = 1; batch <= 10_000; batch++) {
      view = reduceRun(view, progress(batch, "train", 0, batch, { batches: 10_000, loss: batch }));
    }
    const points = view.curves[0]?.train ?? [];
    expect(points.length).toBeLessThanOrEqual(2000);
    expect(points.length).toBeGreaterThan(900);
    expect(points.at(-1)).toEqual({ x: 1, loss: 10_000, top1: 0.25 });
    expect(points.every((point, i) => i === 0 || point.x > points[i - 1]!.x)).toBe(true);
  });

  it("draws a curve from an earlier step again when a run that has lost its device goes on from there", () => {
    const lost = viewAfter(
      ...started,
      progress(1, "train", 0, 1),
      progress(2, "train", 0, 2),
      progress(3, "train", 0, 3),
    );
    const view = reduceRun(lost, progress(4, "train", 0, 2));
    expect(view.curves[0]?.train.map(({ x }) => x)).toEqual([0.25, 0.5]);
  });

  it("estimates the time left from the pace so far, without the time that it was held", () => {
    const running = viewAfter(...started, progress(10, "train", 0, 1), progress(20, "train", 0, 2));
    // Of two epochs, each nine tenths training: a quarter of a training pass took 10 s.
    const pace = 10 / (0.225 / 2);
    expect(secondsLeft(running)).toBeCloseTo(pace * (1 - 0.45 / 2), 6);
    const time = (seconds: number) => 1_700_000_000_000 + 1000 * seconds;
    const held = [
      { kind: "paused", time: time(21) } as const,
      { kind: "resumed", time: time(500) } as const,
      progress(510, "train", 0, 3),
    ].reduce(reduceRun, running);
    expect(secondsLeft(held)).toBeCloseTo(pace * (1 - 0.675 / 2), 6);
    expect(secondsLeft(viewAfter(...started))).toBeUndefined();
  });

  it("shows the latest mixtures and cells, then what was found", () => {
    const searching = viewAfter(...started, alphas(0, [reduction]), alphas(1, [normal]));
    expect(searching.snapshots.map(({ epoch }) => epoch)).toEqual([0, 1]);
    expect(cellsOf(searching)).toEqual([normal]);
    expect(weightsOf(searching)).toEqual([weights]);
    const found = reduceRun(searching, { kind: "found", time: 0, cells: [reduction], text: "" });
    expect(cellsOf(found)).toEqual([reduction]);
  });

  it("tells being stopped from having failed", () => {
    const stopping = viewAfter(...started, { kind: "stopping" }, { kind: "paused", time: 0 });
    expect(stopping.status).toBe("stopping");
    expect(isBusy(stopping)).toBe(true);
    const stopped = reduceRun(stopping, { kind: "failed", error: { code: "aborted", message: "stopped" } });
    expect([stopped.status, stopped.error, isBusy(stopped)]).toEqual(["stopped", undefined, false]);
    const failed = reduceRun(stopping, { kind: "failed", error: { code: "device", message: "lost" } });
    expect([failed.status, failed.error?.message]).toEqual(["failed", "lost"]);
    expect(reduceRun(failed, { kind: "starting" })).toEqual({ ...idleView, status: "starting" });
  });

  it("tells a screen reader of epochs, not of batches", () => {
    const one = viewAfter(...started, progress(1, "train", 0, 1));
    const two = reduceRun(one, progress(2, "train", 0, 2));
    const next = reduceRun(two, progress(3, "train", 1, 1));
    expect(announcement(two)).toBe(announcement(one));
    expect(announcement(next)).toBe("Search, epoch 2 of 2");
  });
});

describe("a kept run", () => {
  it("looks like one that has just ended", () => {
    const view = viewOfSummary(summary);
    expect(view.status).toBe("done");
    expect(cellsOf(view)).toEqual([normal, reduction]);
    expect(weightsOf(view)).toEqual([weights]);
    expect(view.curves.map(({ phase, train, val }) => [phase, train.length, val.length])).toEqual([
      ["search", 1, 1],
      ["eval", 2, 1],
    ]);
    expect(statusLine(view).replaceAll("\u00a0", " ")).toBe("Done: 45.0 % of the test images are told right.");
  });
});

describe("a run that was cut off", () => {
  const run = { name: "darts_pets_toy", request: { algo: "darts", dataset: "pets" }, ended: [], modified: 0 };
  const standing = { phase: "search", training: "arch_train", epoch: 6, epochs: 50 } as const;
  it.each([
    [{ standing }, "in epoch 7 of 50 of its search."],
    [{ standing: { ...standing, epochs: undefined } }, "in epoch 7 of its search."],
    [{ standing: { ...standing, epoch: 50 } }, "after epoch 50, the last of its search."],
    [{ standing: { ...standing, training: "post_train" } }, "in epoch 7 of 50 of its training after the search."],
    [
      { standing: { ...standing, phase: "eval", training: "eval_train" } as const },
      "in epoch 7 of 50 of its evaluation.",
    ],
    [{ ended: ["search"] as const }, "after its search."],
    [{}, "at its beginning."],
  ])("%j", (more, where) => {
    expect(cutOffLine({ ...run, ...more } as UnfinishedRun)).toBe(`darts on pets was cut off ${where}`);
  });
});
