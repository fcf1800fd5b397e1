import type { ParamRole, ParamSpec } from "../../graph/types.ts";
import type { BufferRole, Buffers } from "./buffers.ts";

/** Tensors start at multiples of this: WebGPU's guaranteed alignment of a binding, so a tensor can be bound by itself. */
const ALIGNMENT_BYTES = 256;
const STEP = ALIGNMENT_BYTES / 4;

export interface ArenaSlot {
  readonly spec: ParamSpec;
  /** First element and number of elements, both in f32. */
  readonly offset: number;
  readonly size: number;
}

/**
 * Where each parameter of one role lies in a flat vector. Weights, gradients, momentum and every other vector "like the
 * weights" share one layout, so an optimizer is one kernel over the whole vector. Gaps between tensors stay zero.
 *
 * Batch-norm parameters come last: `decay_bn` then is a second range, not a mask.
 */
export class ArenaLayout {
  readonly slots: ReadonlyMap<string, ArenaSlot>;
  /** Length in f32 elements, a multiple of 64. */
  readonly length: number;
  /** First element of the batch-norm parameters. */
  readonly batchNormStart: number;

  constructor(params: readonly ParamSpec[], role: ParamRole) {
    const mine = params.filter((spec) => spec.role === role);
    const ordered = [...mine.filter((spec) => !spec.batchNorm), ...mine.filter((spec) => spec.batchNorm)];
    const slots = new Map<string, ArenaSlot>();
    let offset = 0;
    let batchNormStart: number | undefined;
    for (const spec of ordered) {
      if (spec.batchNorm) batchNormStart ??= offset;
      const size = spec.shape.reduce((product, length) => product * length, 1);
      slots.set(spec.name, { spec, offset, size });
      offset += Math.ceil(size / STEP) * STEP;
    }
    this.slots = slots;
    this.length = Math.max(offset, STEP);
    this.batchNormStart = batchNormStart ?? this.length;
  }

  slot(name: string): ArenaSlot {
    const slot = this.slots.get(name);
    if (!slot) throw new Error(`no parameter ${name} in this arena`);
    return slot;
  }

  /** Elements of a tensor with the padding behind it: ranges of neighbours touch. */
  range(name: string): { start: number; end: number } {
    const { offset, size } = this.slot(name);
    return { start: offset, end: offset + Math.ceil(size / STEP) * STEP };
  }

  /** The smallest range of elements that holds all these tensors. */
  span(names: readonly string[]): { start: number; end: number } {
    const slots = names.map((name) => this.slot(name));
    return {
      start: Math.min(...slots.map(({ offset }) => offset)),
      end: Math.max(...slots.map(({ offset, size }) => offset + size)),
    };
  }

  /** Host vector of the whole arena from tensors by name; what is not given stays zero. */
  pack(
    tensors: ReadonlyMap<string, ArrayLike<number>> | Readonly<Record<string, ArrayLike<number>>>,
  ): Float32Array<ArrayBuffer> {
    const vector = new Float32Array(this.length);
    const get = (name: string) =>
      tensors instanceof Map ? tensors.get(name) : (tensors as Record<string, ArrayLike<number>>)[name];
    for (const { spec, offset, size } of this.slots.values()) {
      const data = get(spec.name);
      if (!data) continue;
      if (data.length !== size)
        throw new Error(`${spec.name} has ${data.length} elements, its shape [${spec.shape}] wants ${size}`);
      vector.set(data, offset);
    }
    return vector;
  }

  unpack(vector: Float32Array): Map<string, Float32Array> {
    return new Map(
      [...this.slots.values()].map(({ spec, offset, size }) => [spec.name, vector.subarray(offset, offset + size)]),
    );
  }
}

/** One GPU buffer laid out by an `ArenaLayout`. The owner disposes it. */
export class Arena {
  static readonly #byBuffer = new WeakMap<GPUBuffer, Arena>();

  readonly layout: ArenaLayout;
  readonly label: string;
  readonly buffer: GPUBuffer;
  readonly #buffers: Buffers;

  /** @param label the role and what the vector is of it, such as `weights gradient` */
  constructor(buffers: Buffers, layout: ArenaLayout, label: string, use?: BufferRole) {
    this.layout = layout;
    this.label = label;
    this.#buffers = buffers;
    this.buffer = buffers.storage(label, layout.length * 4, use);
    Arena.#byBuffer.set(this.buffer, this);
  }

  /** The arena that a buffer is. */
  static of(buffer: GPUBuffer): Arena | undefined {
    return Arena.#byBuffer.get(buffer);
  }

  dispose(): void {
    this.#buffers.destroy(this.buffer);
  }
}
