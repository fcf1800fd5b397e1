import type { Tensor, Tensor4D } from "@tensorflow/tfjs-core";
import type { OpAttrs, OpName, TensorType } from "../../graph/types.ts";
import type { Feeds } from "../feeds.ts";

/** Numbers of the step for graphs that draw some; `sampleStart` is where a chunk begins in its batch, default 0. */
export interface TfStep extends NonNullable<Feeds["step"]> {
  readonly sampleStart?: number;
}

/** What an interpretation of an op works on; tensors as `index.ts` says. */
export interface TfContext<K extends OpName> {
  readonly attrs: OpAttrs[K];
  readonly inputs: readonly Tensor[];
  readonly types: readonly TensorType[];
  readonly type: TensorType;
  readonly step: TfStep | undefined;
}

/** Yields a new tensor or one of its inputs; what else it makes is disposed by the caller. */
export type TfOp<K extends OpName> = (context: TfContext<K>) => Tensor;
/** Sources that are fed (`input`, `param`) have no interpretation. */
export type TfOps = { readonly [K in Exclude<OpName, "input" | "param">]: TfOp<K> };

/** Shape that the interpreter keeps a tensor in: [N, H, W, C] for planes. */
export function storedShape({ layout, shape }: TensorType): number[] {
  if (layout === "flat") return [...shape];
  const [n, c, h, w] = shape as [number, number, number, number];
  return [n, h, w, c];
}

/** The inputs of an op whose tensors are all planes. */
export const asPlanes = (tensors: readonly Tensor[]): Tensor4D[] => tensors as Tensor4D[];
