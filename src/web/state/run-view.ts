import type { Phase } from "../../nas/phase.ts";
import type {
  CellDrawing,
  CellWeights,
  EpochFigures,
  PassFigures,
  RunEvent,
  RunSummary,
  WireError,
} from "../../worker/protocol.ts";

type EventOf<Kind extends RunEvent["kind"]> = Extract<RunEvent, { kind: Kind }>;

export type RunStatus = "idle" | "starting" | "running" | "paused" | "stopping" | "stopped" | "done" | "failed";

/** A point of a curve; `x` counts epochs: 1.5 is the middle of the second. Accuracies are shares of 1. */
export interface CurvePoint {
  readonly x: number;
  readonly loss: number;
  readonly top1: number;
}

/** Loss and accuracy of one training run (`arch_train`, `eval_train`, …) over its epochs. */
export interface Curve {
  readonly title: string;
  readonly phase: Phase;
  readonly epochs: number;
  /** Averages of the epoch so far, as the epoch goes on. */
  readonly train: readonly CurvePoint[];
  /** One point an epoch. */
  readonly val: readonly CurvePoint[];
  /** When its first and its last step were told (milliseconds since 1970), and the share of it done at each. */
  readonly first: { readonly time: number; readonly done: number };
  readonly last: { readonly time: number; readonly done: number };
}

/** What a page shows of a run: everything follows from the events told so far. */
export interface RunView {
  readonly status: RunStatus;
  readonly name: string;
  readonly phases: readonly Phase[];
  readonly phase?: Phase;
  readonly progress?: EventOf<"progress">;
  /** The training that goes on, until it has made progress. */
  readonly restored?: EventOf<"restored">;
  readonly curves: readonly Curve[];
  /** The mixtures after each epoch of the search. */
  readonly snapshots: readonly EventOf<"alphas">[];
  readonly found?: readonly CellDrawing[];
  readonly warnings: readonly string[];
  /** What tuning does, until a network is trained. */
  readonly tuning?: string;
  readonly error?: WireError;
  readonly summary?: RunSummary;
}

/** What changes a view: an event of the run, or what the page itself knows of it. */
export type RunAction =
  | RunEvent
  /** With its name where that is known, as of a run that goes on. */
  | { readonly kind: "starting"; readonly name?: string }
  | { readonly kind: "stopping" }
  | { readonly kind: "done"; readonly summary: RunSummary }
  | { readonly kind: "failed"; readonly error: WireError };

export const idleView: RunView = {
  status: "idle",
  name: "",
  phases: [],
  curves: [],
  snapshots: [],
  warnings: [],
};

/** The view after `action`. */
export function reduceRun(view: RunView, action: RunAction): RunView {
  switch (action.kind) {
    case "starting":
      return { ...idleView, status: "starting", name: action.name ?? "" };
    case "started":
      return { ...view, status: "running", name: action.name, phases: action.phases };
    case "phase":
      return { ...view, phase: action.phase, progress: undefined, restored: undefined };
    case "restored":
      return { ...view, progress: undefined, restored: action, curves: withRestored(view.curves, action) };
    case "preparing":
      return { ...view, progress: undefined };
    case "progress":
      return {
        ...view,
        progress: action,
        restored: undefined,
        tuning: undefined,
        curves: withProgress(view.curves, action),
      };
    case "alphas":
      return { ...view, snapshots: [...view.snapshots, action] };
    case "found":
      return { ...view, found: action.cells };
    case "paused":
      return view.status === "stopping" ? view : { ...view, status: "paused" };
    case "resumed":
      return view.status === "paused"
        ? { ...view, status: "running", curves: view.curves.map((curve) => restarted(curve, action.time)) }
        : view;
    case "tuning":
      return { ...view, tuning: action.message };
    case "warning":
      // A checkpoint that cannot be written is told each time.
      return { ...view, warnings: [...new Set([...view.warnings, action.message])] };
    case "stopping":
      return { ...view, status: "stopping" };
    case "done":
      return { ...view, status: "done", summary: action.summary };
    case "failed":
      return action.error.code === "aborted"
        ? { ...view, status: "stopped" }
        : { ...view, status: "failed", error: action.error };
  }
}

/** Whether the engine is at work for this view. */
export function isBusy({ status }: Pick<RunView, "status">): boolean {
  return status === "starting" || status === "running" || status === "paused" || status === "stopping";
}

/** The cells to draw: what was found, or what the mixtures stand for now. */
export function cellsOf(view: RunView): readonly CellDrawing[] {
  return view.found ?? view.summary?.search?.cells ?? view.snapshots.at(-1)?.best ?? [];
}

/** The mixtures to show where no events were seen, as of a kept run. */
export function weightsOf(view: RunView): readonly CellWeights[] {
  return view.snapshots.at(-1)?.cells ?? view.summary?.search?.weights ?? [];
}

/** The training run that makes progress now. */
export function currentCurve({ curves, progress, restored }: RunView): Curve | undefined {
  const current = progress ?? restored;
  return curves.find(({ title }) => title === current?.title);
}

/** Seconds until the current training run ends at its average pace so far; absent before there is a pace. */
export function secondsLeft(view: RunView): number | undefined {
  const curve = currentCurve(view);
  if (!curve || curve.last.done <= curve.first.done) return undefined;
  const { first, last } = curve;
  return ((last.time - first.time) / 1000) * ((1 - last.done) / (last.done - first.done));
}

/** The curve of epochs that are done, a point an epoch. @param at how far the training is, and when that was told */
export function curveOfEpochs(
  { title, phase, epochs }: Pick<Curve, "title" | "phase" | "epochs">,
  done: readonly EpochFigures[],
  at: Curve["last"],
): Curve {
  const point = (epoch: number, { loss, top1 }: PassFigures): CurvePoint => ({ x: epoch + 1, loss, top1 });
  return {
    title,
    phase,
    epochs,
    train: done.map(({ train }, epoch) => point(epoch, train)),
    val: done.flatMap(({ val }, epoch) => (val ? [point(epoch, val)] : [])),
    first: at,
    last: at,
  };
}

function withRestored(curves: readonly Curve[], event: EventOf<"restored">): readonly Curve[] {
  const { time, epoch, epochs, done } = event;
  const restored = curveOfEpochs(event, done, { time, done: epoch / epochs });
  const known = curves.some(({ title }) => title === event.title);
  return known ? curves.map((curve) => (curve.title === event.title ? restored : curve)) : [...curves, restored];
}

/** More points than a screen has columns say nothing; old ones are then thinned to half. */
const MAX_POINTS = 2000;

/** Of an epoch's time, about what its training pass takes where both passes see as many images. */
const TRAIN_SHARE = 0.9;

function withProgress(curves: readonly Curve[], event: EventOf<"progress">): readonly Curve[] {
  const { title, phase, pass, epoch, epochs, batch, batches, loss, top1, time } = event;
  const passDone = batches > 0 ? batch / batches : 0;
  const epochDone = pass === "train" ? TRAIN_SHARE * passDone : TRAIN_SHARE + (1 - TRAIN_SHARE) * passDone;
  const last = { time, done: (epoch + epochDone) / epochs };
  const known = curves.find((curve) => curve.title === title);
  const curve = known ?? { title, phase, epochs, train: [], val: [], first: last, last };
  // A run that has lost its device goes on from an earlier step.
  const end = pass === "train" ? epoch + passDone : epoch + 1;
  // A run that has lost its device goes on from an earlier step.
  const before = (pass === "train" ? curve.train : curve.val).filter(({ x }) => x < end);
  const points = [...before, { x: end, loss, top1 }];
  const grown: Curve = pass === "train" ? { ...curve, last, train: thinned(points) } : { ...curve, last, val: points };
  return known ? curves.map((other) => (other === known ? grown : other)) : [...curves, grown];
}

/** The pace is measured anew after a pause: the time that it took says nothing about the steps. */
function restarted(curve: Curve, time: number): Curve {
  const elapsed = curve.last.time - curve.first.time;
  return { ...curve, first: { ...curve.first, time: time - elapsed }, last: { ...curve.last, time } };
}

function thinned(points: readonly CurvePoint[]): readonly CurvePoint[] {
  return points.length <= MAX_POINTS ? points : points.filter((_, i) => i % 2 === 1 || i === points.length - 1);
}
