import type { CellDrawing, CellWeights, RunEvent, RunSummary } from "../../../src/worker/protocol.ts";

/** A short search and evaluation as an engine told them, cut to what the page looks at. */

export const normal: CellDrawing = {
  cellType: "normal",
  cell: 0,
  nodes: 2,
  edges: [
    { node: 0, states: [0], op: "sep_conv_3x3" },
    { node: 0, states: [1], op: "skip_connect" },
    { node: 1, states: [2], op: "max_pool_3x3" },
    { node: 1, states: [1], op: "skip_connect" },
  ],
};

export const reduction: CellDrawing = {
  ...normal,
  cellType: "reduction",
  cell: 1,
  edges: normal.edges.map((edge) => ({ ...edge, op: "dil_conv_5x5" })),
};

export const weights: CellWeights = {
  cellType: "normal",
  cell: 0,
  primitives: ["max_pool_3x3", "skip_connect", "sep_conv_3x3", "none"],
  edges: [
    { node: 0, state: 0, weights: [0.1, 0.2, 0.4, 0.3] },
    { node: 0, state: 1, weights: [0.25, 0.25, 0.25, 0.25] },
  ],
};

const T = 1_700_000_000_000;
const step = { loss: 2, top1: 0.25, top5: 0.5, samples: 32, lr: 0.025, imagesPerSecond: 100, gpuBytes: 1_000_000 };

export function progress(
  seconds: number,
  pass: "train" | "validate",
  epoch: number,
  batch: number,
  more: Partial<Extract<RunEvent, { kind: "progress" }>> = {},
): RunEvent {
  const place = { phase: "search", title: "arch_train", pass, epoch, epochs: 2, batch, batches: 4 } as const;
  return { kind: "progress", time: T + 1000 * seconds, ...place, ...step, ...more };
}

export const alphas = (epoch: number, best: readonly CellDrawing[]): RunEvent => ({
  kind: "alphas",
  time: T,
  epoch,
  cells: [weights],
  best,
  skipShare: 0.5,
});

export const started: RunEvent[] = [
  { kind: "started", time: T, name: "darts_shapes_toy", phases: ["search", "eval"] },
  { kind: "phase", time: T, phase: "search", folder: "darts_shapes_toy_search" },
];

export const summary: RunSummary = {
  name: "darts_shapes_toy",
  algo: "darts",
  dataset: "shapes",
  seed: 2,
  started: T,
  ended: T + 60_000,
  adapter: "SwiftShader",
  search: {
    epochs: [{ train: { loss: 2, top1: 0.2, top5: 0.5 }, val: { loss: 1.9, top1: 0.3, top5: 0.6 } }],
    cells: [normal, reduction],
    weights: [weights],
    text: "",
  },
  eval: {
    epochs: [
      { train: { loss: 1.5, top1: 0.4, top5: 0.9 }, val: { loss: 1.4, top1: 0.45, top5: 0.9 } },
      { train: { loss: 1.2, top1: 0.5, top5: 0.9 } },
    ],
    params: 9218,
    macs: 4_825_408,
    image: { height: 32, width: 32, channels: 3 },
    classes: ["disc", "ring"],
    confusion: [
      [3, 1],
      [0, 4],
    ],
    text: "",
  },
};
