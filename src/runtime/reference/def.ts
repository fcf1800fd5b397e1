import type { OpAttrs, OpName, TensorType } from "../../graph/types.ts";
import type { Feeds } from "../feeds.ts";

/** What the definition of an op works on: row-major data (NCHW for planes) in double precision. */
export interface RefContext<K extends OpName> {
  readonly attrs: OpAttrs[K];
  readonly inputs: readonly Float64Array[];
  readonly types: readonly TensorType[];
  readonly type: TensorType;
  /** The result, all zeros at first. */
  readonly out: Float64Array;
  readonly step: Feeds["step"];
}

export type RefOp<K extends OpName> = (context: RefContext<K>) => void;
/** Sources that are fed (`input`, `param`) have no definition. */
export type RefOps = { readonly [K in Exclude<OpName, "input" | "param">]: RefOp<K> };

/** Calls `body` with each position of a [N, C, H, W] tensor and its row-major index. */
export function forEach4(
  shape: readonly number[],
  body: (n: number, c: number, y: number, x: number, index: number) => void,
): void {
  const [n, c, h, w] = shape as [number, number, number, number];
  let index = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < c; j++) {
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) body(i, j, y, x, index++);
      }
    }
  }
}

/** Row-major index of a position in a [N, C, H, W] tensor. */
export const at4 = (shape: readonly number[], n: number, c: number, y: number, x: number): number =>
  ((n * shape[1]! + c) * shape[2]! + y) * shape[3]! + x;
