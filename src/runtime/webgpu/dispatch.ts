import type { DispatchSpec } from "./kernel.ts";

/** One tensor as a dispatch sees it: a whole buffer or a 256-byte aligned part of one. */
export interface Binding {
  readonly buffer: GPUBuffer;
  readonly offset?: number;
  readonly size?: number;
}

/** A dispatch whose storage is known: what `DispatchSpec` is after planning. */
export type BoundDispatch = Omit<DispatchSpec, "reads" | "writes" | "step"> & {
  readonly reads: readonly Binding[];
  readonly writes: readonly Binding[];
  /** Uniform buffer in the layout of shaders/step.wesl, bound as group 1. */
  readonly step?: GPUBuffer;
};

/** One ready dispatch; encoding it creates no GPU object. */
export interface Kernel {
  /** What it runs: for whoever counts or times kernels. */
  readonly dispatch: BoundDispatch;
  encode(pass: GPUComputePassEncoder): void;
}
