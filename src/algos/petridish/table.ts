import type { HullPoint } from "./points.ts";

/** Columns of Archai's tables of networks, its spelling included, and which of them Python would print as floats. */
const COLUMNS: readonly (readonly [
  name: string,
  kind: "text" | "int" | "float",
  value: (point: TableRow) => unknown,
])[] = [
  ["id", "int", ({ id }) => id],
  ["job_stage", "text", ({ stage }) => stage],
  ["cells", "int", ({ cells }) => cells],
  ["reductions", "int", ({ reductions }) => reductions],
  ["nodes", "int", ({ nodes }) => nodes],
  ["MAdd", "int", ({ madd }) => madd],
  ["flops", "int", ({ flops }) => flops],
  ["duration", "float", ({ measured }) => measured?.duration],
  ["mread", "int", ({ measured }) => measured?.mread],
  ["mwrite", "int", ({ measured }) => measured?.mwrite],
  ["inference_memory", "float", ({ measured }) => measured?.inferenceMemory],
  ["parameters", "int", ({ params }) => params],
  ["train_best_epoch", "int", ({ train }) => train.epoch],
  ["train_best_top1", "float", ({ train }) => train.top1],
  ["val_best_epoch", "int", ({ stage, val }) => (stage === "EVAL_TRAINED" ? undefined : val?.epoch)],
  ["val_best_top1", "float", ({ stage, val }) => (stage === "EVAL_TRAINED" ? undefined : val?.top1)],
  ["test_best_epoch", "int", ({ stage, val }) => (stage === "EVAL_TRAINED" ? val?.epoch : undefined)],
  ["test_best_top1", "float", ({ stage, val }) => (stage === "EVAL_TRAINED" ? val?.top1 : undefined)],
  ["paent_id", "int", ({ parentId }) => parentId],
  ["sampling_count", "int", ({ samplingCount }) => samplingCount],
];

/** What a profiler would tell; nobody measures it here. */
interface Profile {
  readonly duration: number;
  readonly mread: number;
  readonly mwrite: number;
  readonly inferenceMemory: number;
}

export interface TableRow extends Omit<HullPoint, "desc" | "top1"> {
  readonly measured?: Profile;
}

/** Networks as tab-separated text with the columns of Archai's `full_pool.tsv`; what is not known is `nan`. */
export function hullTable(points: readonly TableRow[]): string {
  const rows = points.map((point) => COLUMNS.map(([, kind, value]) => cell(kind, value(point))).join("\t"));
  return [COLUMNS.map(([name]) => name).join("\t"), ...rows].join("\n");
}

function cell(kind: "text" | "int" | "float", value: unknown): string {
  if (value === undefined || Number.isNaN(value)) return "nan";
  return kind === "float" && Number.isInteger(value) ? `${value}.0` : String(value);
}
