import type { Phase } from "../../nas/phase.ts";
import type { CellDrawing, UnfinishedRun } from "../../worker/protocol.ts";
import { percent } from "./format.ts";
import { lastAccuracy } from "./kept-run.ts";
import type { RunView } from "./run-view.ts";

export const PHASE_NAMES: Readonly<Record<Phase, string>> = { search: "Search", eval: "Evaluation" };

/** `Normal cell`. */
export function cellTitle({ cellType }: Pick<CellDrawing, "cellType">): string {
  return cellType === "normal" ? "Normal cell" : "Reduction cell";
}

/** Where a run is, in a line. */
export function statusLine(view: RunView): string {
  switch (view.status) {
    case "idle":
      return "Nothing has run yet.";
    case "starting":
      return "Getting ready: data, kernels, memory…";
    case "stopping":
      return "Stopping after this step…";
    case "stopped":
      return "Stopped. What was written is kept.";
    case "failed":
      return "The run has failed.";
    case "done":
      return doneLine(view);
    case "paused":
      return `Paused. ${stepLine(view)}`;
    case "running":
      return stepLine(view);
  }
}

function stepLine({ phase, progress, tuning, restored }: RunView): string {
  if (!phase) return "Getting ready: data, kernels, memory…";
  if (!progress && tuning) return `${PHASE_NAMES[phase]}: ${tuning}`;
  if (!progress && restored) return `${PHASE_NAMES[phase]}: compiling the network, to go on ${inEpoch(restored)}…`;
  if (!progress) return `${PHASE_NAMES[phase]}: compiling the network…`;
  const { pass, epoch, epochs, batch, batches } = progress;
  const doing = pass === "train" ? "training" : "validating";
  return `${PHASE_NAMES[phase]}: epoch ${Math.min(epoch + 1, epochs)} of ${epochs}, ${doing}, batch ${batch} of ${batches}`;
}

/** `in epoch 7 of 50`; where all of them are done, what comes after is left. */
function inEpoch({ epoch, epochs }: { readonly epoch: number; readonly epochs?: number | undefined }): string {
  if (epochs === undefined) return `in epoch ${epoch + 1}`;
  return epoch < epochs ? `in epoch ${epoch + 1} of ${epochs}` : `after epoch ${epochs}, the last`;
}

/** `darts on pets was cut off in epoch 7 of 50 of its search.` */
export function cutOffLine({ request, ended, standing }: UnfinishedRun): string {
  const what = `${request.algo} on ${request.dataset} was cut off`;
  if (standing) return `${what} ${inEpoch(standing)} of its ${TRAININGS[standing.training] ?? standing.phase}.`;
  const last = ended.at(-1);
  return last ? `${what} after its ${PHASE_NAMES[last].toLowerCase()}.` : `${what} at its beginning.`;
}

/** What is trained, by the names of checkpoints. */
const TRAININGS: Readonly<Record<string, string>> = {
  arch_train: "search",
  post_train: "training after the search",
  eval_train: "evaluation",
};

function doneLine({ summary }: RunView): string {
  const accuracy = lastAccuracy(summary?.eval?.epochs);
  return accuracy === undefined ? "Done." : `Done: ${percent(accuracy)} of the test images are told right.`;
}

/** What a screen reader is told: the line above, but only when the phase or the epoch changes. */
export function announcement(view: RunView): string {
  const { status, phase, progress } = view;
  if (status !== "running") return statusLine(view);
  if (!phase) return "The run has started.";
  return `${PHASE_NAMES[phase]}${progress ? `, epoch ${progress.epoch + 1} of ${progress.epochs}` : ""}`;
}
