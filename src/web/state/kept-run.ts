import { PHASES, type Phase } from "../../nas/phase.ts";
import type { EpochFigures, RunSummary } from "../../worker/protocol.ts";
import { type Curve, curveOfEpochs, idleView, type RunView } from "./run-view.ts";

/** A finished run as a view, from what was kept of it: its curves have a point an epoch. */
export function viewOfSummary(summary: RunSummary): RunView {
  const curves = [curveOf("search", summary.search?.epochs), curveOf("eval", summary.eval?.epochs)];
  return {
    ...idleView,
    status: "done",
    name: summary.name,
    phases: PHASES.filter((phase) => summary[phase]),
    curves: curves.filter((curve) => curve !== undefined),
    found: summary.search?.cells,
    summary,
  };
}

function curveOf(phase: Phase, epochs: readonly EpochFigures[] | undefined): Curve | undefined {
  if (!epochs || epochs.length === 0) return undefined;
  return curveOfEpochs({ title: phase, phase, epochs: epochs.length }, epochs, { time: 0, done: 1 });
}

/** Accuracy on held-out images after the last epoch that measured it. */
export function lastAccuracy(epochs: readonly EpochFigures[] | undefined): number | undefined {
  return epochs?.findLast(({ val }) => val)?.val?.top1;
}

/** `<algo>_<dataset>_<prefix>` of a run to come that does not overwrite a kept one: `toy`, `toy-2`, … */
export function freePrefix(kept: readonly string[], algo: string, dataset: string, base: string): string {
  const taken = new Set(kept);
  for (let count = 1; ; count++) {
    const prefix = count === 1 ? base : `${base}-${count}`;
    if (!taken.has(`${algo}_${dataset}_${prefix}`)) return prefix;
  }
}
