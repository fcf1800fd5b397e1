import * as fc from "fast-check";
import type { ReadRange } from "../../src/graph/ops/load.ts";
import { flat, type Load, planes, type Value } from "../../src/graph/types.ts";
import { type CaseBuilder, type Data, gridData, positiveData } from "./case.ts";

/** What a bundle may do to x while loading it. */
export type LoadKind = "plain" | "relu" | "batch" | "batch_affine" | "running" | "running_affine";

/** Loads without a kink near the data, so that central differences are derivatives. */
export const smoothLoads = fc.constantFrom<LoadKind>("plain", "relu");
export const normLoads = fc.constantFrom<LoadKind>("batch", "batch_affine", "running", "running_affine");

/** `gridData` moved a little, so that no value is the mean of others: at least 0.08 apart. */
const scattered: Data = (rng, count) => gridData(rng, count).map((value) => value + 0.02 * rng.uniform01());

/** x [N,C,H,W], the inputs of its load and the load itself, for a bundle that reads the channels of `range`. */
export function loadCase(
  b: CaseBuilder,
  kind: LoadKind,
  shape: readonly number[],
  range: ReadRange,
  data: Data = scattered,
): { readonly x: Value; readonly load: Load; readonly inputs: readonly Value[] } {
  const x = b.input("x", planes(shape), data);
  if (kind === "plain" || kind === "relu") return { x, load: { relu: kind === "relu" }, inputs: [] };
  const batch = kind.startsWith("batch");
  const affine = kind.endsWith("affine");
  const eps = 1e-5;
  const stats = batch
    ? b.g.add("bn_stats", [x], { eps })
    : b.g.add("bn_running", [b.constant("running", flat([2, shape[1]!]), positiveData)], { eps });
  const read = range.end - range.start;
  const scaleAndShift = affine ? [b.param("gamma", [read]), b.param("beta", [read])] : [];
  return { x, load: { relu: true, norm: { affine, batch } }, inputs: [stats, ...scaleAndShift] };
}
