import type { Member } from "../../graph/members.ts";
import type { Node, OpName, TensorType } from "../../graph/types.ts";

/**
 * The contract between the compiler and a kernel: how a node becomes dispatches.
 *
 * Storage of tensors on the device:
 * - planes f32: planes of channel quads, `array<vec4<f32>>`, element `quad * N*H*W + (n*H + y)*W + x`. Lanes of channels >= C
 *   are zero: every kernel may rely on it and must keep it.
 * - planes u32 (argmax of max pooling): one u32 per element of the same index space, byte k for channel 4*quad + k.
 * - flat: `array<f32>` or `array<u32>`, row-major, exactly `elements` long (the binding may be longer by padding).
 *
 * Every tensor is bound at its first element, wherever it lives, so that a kernel never sees arenas or offsets.
 */
export interface TensorRef {
  readonly type: TensorType;
  /** Opaque to kernels: the planner's number for the storage. */
  readonly storage: number;
}

/** A 4-byte field of a kernel's uniform struct: a number is u32 (i32 if negative); wrap reals with `f32`. */
export type UniformField = number | { readonly f32: number };
export const f32 = (value: number): UniformField => ({ f32: value });

/**
 * One dispatch. Bindings of group 0: 0 is the uniform struct (fields in the order of `uniforms`), then `reads` from 1 on, each
 * `var<storage, read>`, then `writes`, each `var<storage, read_write>`. All of them must be declared in the shader. With
 * `step` set, group 1 binding 0 is the uniform `package::step::Step` (shaders/step.wesl). At most 8 storage bindings.
 */
export interface DispatchSpec {
  /** Module in shaders/ (file name without `.wesl`). */
  readonly shader: string;
  /** Module of the model that the dispatch is for; the compiler sets it, errors name it. */
  readonly module?: string;
  /** Modules whose channels lie one after another in the first write, where it is a bundle's; set and used likewise. */
  readonly members?: readonly Member[];
  /** Entry point, default `main`. */
  readonly entry?: string;
  /**
   * Values of `override` constants: loop bounds the compiler should know, and `wg`, the invocations of a workgroup. Each set
   * is a pipeline.
   */
  readonly constants?: Readonly<Record<string, number>>;
  /** WESL conditions for `@if(name)`. Each set is a pipeline. */
  readonly conditions?: Readonly<Record<string, boolean>>;
  readonly uniforms: Readonly<Record<string, UniformField>>;
  /**
   * Rows of four u32 (i32 if negative) that follow the uniforms' fields as `table: array<vec4<u32>, 256>`, for kernels that
   * serve several branches. At most `TABLE_ROWS`.
   */
  readonly table?: readonly (readonly [number, number, number, number])[];
  readonly reads: readonly TensorRef[];
  readonly writes: readonly TensorRef[];
  readonly step?: boolean;
  /** Multiplications plus additions of the convolutions it computes, for profiles; see src/graph/flops.ts. */
  readonly flops?: number;
  /** Bytes of `var<workgroup>` variables, if there are any. */
  readonly workgroupBytes?: number;
  /** Number of workgroups, each at most 65,535; `grid` spreads a linear count. */
  readonly workgroups: readonly [number, number, number];
}

/** What suits the adapter; kernels take their defaults from here. */
export interface Tuning {
  /** Invocations per workgroup: small on software adapters (a workgroup is a loop there), 64 and more on GPUs. */
  readonly workgroup: number;
  /** Pixels one invocation handles in kernels that amortise weight loads over pixels. */
  readonly pixels: number;
  /**
   * One of a kernel's variants: the one that was measured to be the fastest on this adapter, else the first, which should be
   * the sensible one for this kind of adapter. Candidates are numbers, strings or plain data, two to four of them; all
   * compute the same up to rounding.
   *
   * @param key the kernel and the class of its shapes, for example "pointwise 4x4 px32768": what decides how candidates compare
   */
  readonly pick: <T>(key: string, candidates: readonly T[]) => T;
}

/** Rows of `DispatchSpec.table`; more branches take more dispatches. */
export const TABLE_ROWS = 256;

/** Several flat tensors in one binding: element `offsets[i]` of `ref` is the first of the i-th. */
export interface Span {
  readonly ref: TensorRef;
  readonly offsets: readonly number[];
}

/** A flat result [rows, columns] that parts add up to; a slot of it is a vec4 over four rows of a column. */
export interface Section {
  readonly rows: number;
  readonly columns: number;
}

/** Parts to be added up, chunk after chunk. */
export interface SumJob {
  /** [chunks][slots of all sections] vec4, from `LowerContext.partials`. */
  readonly parts: TensorRef;
  readonly chunks: number;
  readonly sections: readonly Section[];
  /** Where each section goes. */
  readonly to: Span;
}

/** A node that its producer's kernel computes on the way (`Graph.epilogues`); `inputs` as for the node itself. */
export interface EpilogueTarget {
  readonly node: Node;
  readonly inputs: readonly TensorRef[];
  readonly output: TensorRef;
}

export interface LowerContext<K extends OpName> {
  readonly node: Node<K>;
  readonly inputs: readonly TensorRef[];
  readonly output: TensorRef;
  readonly tuning: Tuning;
  /** Storage that lives from this node's first to its last dispatch. */
  scratch(type: TensorType): TensorRef;
  /** One binding for reading all these flat tensors. Parameters of one arena lie in one already, others are copied together. */
  span(refs: readonly TensorRef[]): Span;
  /**
   * Where the parts of a flat output go, given how many elements each has: parts that leave for an arena are written there,
   * else the output holds one after another. Every element of each part must be written.
   */
  parts(sizes: readonly number[]): Span;
  /** Storage for the parts of one sum; what many nodes put there is added up together. */
  partials(type: TensorType): TensorRef;
  /** Adds up parts: at once, or together with those of other nodes if the sums leave for an arena. */
  sum(job: SumJob): void;
  /** Followers to compute along with this node; all of them, each wholly. */
  readonly epilogues: readonly EpilogueTarget[];
  dispatch(spec: DispatchSpec): void;
}

export type Lower<K extends OpName> = (context: LowerContext<K>) => void;
export type Kernels = { readonly [K in OpName]?: Lower<K> };

/**
 * Workgroup counts for `threads` invocations in a linear index space. Shaders recover the index as
 * `gid.x + gid.y * (num_workgroups.x * workgroup)` and must return when it is >= threads.
 */
export function grid(threads: number, workgroup: number): [number, number, number] {
  const groups = Math.max(1, Math.ceil(threads / workgroup));
  if (groups <= 65_535) return [groups, 1, 1];
  const rows = Math.ceil(groups / 65_535);
  return [Math.ceil(groups / rows), rows, 1];
}

/** ceil(C / 4): planes of an activation with `channels` channels. */
export const quads = (channels: number): number => Math.ceil(channels / 4);
