import type { Arena } from "./arena.ts";
import type { Buffers } from "./buffers.ts";
import type { BoundDispatch } from "./engine.ts";
import { f32, type Tuning, type UniformField } from "./kernel.ts";
import { type Launch, span } from "./kernels/launch.ts";

/**
 * Arithmetic on whole arenas as flat vectors. Each function describes dispatches; whoever trains lists them in the order
 * of a step and has the engine make kernels of the list once.
 *
 * All vectors of one call share a layout. Gaps between tensors are zero and stay zero: nothing here makes a number out of
 * zeros.
 */

/** Weight decay of a vector's two ranges: everything, and its batch-norm parameters. */
export interface Decays {
  readonly decay: number;
  readonly decayBatchNorm: number;
}

/** The part of a dispatch that covers an arena, four elements at a time. Uniforms: total, per, then `more`. */
export function overArena(
  { layout }: Arena,
  tuning: Tuning,
  more: Readonly<Record<string, UniformField>> = {},
): Launch & { readonly uniforms: Readonly<Record<string, UniformField>> } {
  const launch = span(layout.length / 4, tuning);
  return { ...launch, uniforms: { ...launch.uniforms, ...more } };
}

/** Uniforms bn_start, decay, decay_bn. */
export function decayFields({ layout }: Arena, { decay, decayBatchNorm }: Decays): Record<string, UniformField> {
  return { bn_start: layout.batchNormStart / 4, decay: f32(decay), decay_bn: f32(decayBatchNorm) };
}

const all = (...arenas: readonly Arena[]) => arenas.map(({ buffer }) => ({ buffer }));

/** target += factor * source. */
export function addScaled(tuning: Tuning, target: Arena, source: Arena, factor = 1): BoundDispatch {
  return {
    shader: "vector_add_scaled",
    ...overArena(target, tuning, { factor: f32(factor) }),
    reads: all(source),
    writes: all(target),
  };
}

/** target *= factor: a number, or what a norm derived on the device (clipping). */
export function scale(tuning: Tuning, target: Arena, factor: number | GlobalNorm): BoundDispatch {
  const byNorm = typeof factor !== "number";
  return {
    shader: "vector_scale",
    conditions: { by_norm: byNorm },
    ...overArena(target, tuning, byNorm ? {} : { factor: f32(factor) }),
    reads: byNorm ? [{ buffer: factor.result }] : [],
    writes: all(target),
  };
}

/** result = base + factor * norm.factor * direction: w ± ε·dw. */
export function shift(
  tuning: Tuning,
  result: Arena,
  { base, direction, norm, factor }: { base: Arena; direction: Arena; norm: GlobalNorm; factor: number },
): BoundDispatch {
  return {
    shader: "vector_shift",
    ...overArena(result, tuning, { factor: f32(factor) }),
    reads: [...all(base, direction), { buffer: norm.result }],
    writes: all(result),
  };
}

/**
 * result = w - lr (mu momentum + gradient + decay w): where a step of SGD would take the weights, with learning rate and
 * mu of the weights from the step uniform. Never nesterov, as in DARTS.
 */
export function virtualStep(
  tuning: Tuning,
  result: Arena,
  from: { weights: Arena; momentum: Arena; gradient: Arena; decays: Decays; step: GPUBuffer },
): BoundDispatch {
  return {
    shader: "vector_virtual_step",
    ...overArena(result, tuning, decayFields(result, from.decays)),
    reads: all(from.weights, from.momentum, from.gradient),
    writes: all(result),
    step: from.step,
  };
}

/**
 * target -= lr (plus - minus) / (2 ε): turns the gradient of the alphas at w' into the second-order one of DARTS, with the
 * weights' learning rate. `epsilon` is the norm of the validation gradient with 0.01 / norm as factor; if that norm is 0
 * the term is left out.
 */
export function subtractHessianTerm(
  tuning: Tuning,
  target: Arena,
  { plus, minus, epsilon, step }: { plus: Arena; minus: Arena; epsilon: GlobalNorm; step: GPUBuffer },
): BoundDispatch {
  return {
    shader: "vector_alpha_gradient",
    ...overArena(target, tuning),
    reads: [...all(plus, minus), { buffer: epsilon.result }],
    writes: all(target),
    step,
  };
}

/** What to derive from a norm: the factor that clips to a length, or the one that makes a step of a length. */
export type NormUse = { readonly clip: number } | { readonly stepOf: number };

/** Partial sums of one vector at most: enough to fill a GPU, few enough for one workgroup to add. */
const MAX_PARTS = 4096;

/**
 * The euclidean norm of several arenas together, on the device and in a fixed order: the same bits every time. Owns the
 * small buffers; the caller disposes it.
 */
export class GlobalNorm {
  /** Two f32: the norm; `clip`: min(1, clip / (norm + 1e-6)), `stepOf`: stepOf / norm or 0 if the norm is 0. */
  readonly result: GPUBuffer;
  readonly dispatches: readonly BoundDispatch[];
  readonly #parts: GPUBuffer;
  readonly #buffers: Buffers;

  constructor(buffers: Buffers, tuning: Tuning, vectors: readonly Arena[], use: NormUse, label: string) {
    this.#buffers = buffers;
    const wg = tuning.workgroup;
    const shares = vectors.map(({ layout }) => {
      const total = layout.length / 4;
      const per = Math.max(tuning.pixels, Math.ceil(total / MAX_PARTS));
      return { total, per, parts: Math.ceil(total / (wg * per)) * wg };
    });
    const parts = shares.reduce((sum, share) => sum + share.parts, 0);
    this.#parts = buffers.storage(`${label} partial sums`, parts * 4);
    this.result = buffers.storage(label, 8);
    let offset = 0;
    const squares = vectors.map((vector, index): BoundDispatch => {
      const { total, per, parts: mine } = shares[index]!;
      const first = offset;
      offset += mine;
      return {
        shader: "vector_squares",
        constants: { wg },
        uniforms: { total, per, offset: first },
        reads: all(vector),
        writes: [{ buffer: this.#parts }],
        workgroups: [mine / wg, 1, 1],
      };
    });
    const clip = "clip" in use;
    const finish: BoundDispatch = {
      shader: "vector_norm",
      constants: { wg },
      conditions: { clip },
      uniforms: { parts, bound: f32(clip ? use.clip : use.stepOf) },
      reads: [{ buffer: this.#parts }],
      writes: [{ buffer: this.result }],
      workgroupBytes: 4 * wg,
      workgroups: [1, 1, 1],
    };
    this.dispatches = [...squares, finish];
  }

  dispose(): void {
    this.#buffers.destroy(this.#parts);
    this.#buffers.destroy(this.result);
  }
}
