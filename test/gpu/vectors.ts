import type { ParamSpec } from "../../src/graph/types.ts";
import { Arena, ArenaLayout } from "../../src/runtime/webgpu/arena.ts";
import type { BoundDispatch, Engine } from "../../src/runtime/webgpu/engine.ts";
import { packStep, STEP_BYTES, type StepValues } from "../../src/runtime/webgpu/step.ts";

/** A layout with one weight tensor of each size, the last ones belonging to batch norms. */
export function layoutOf(sizes: readonly number[], batchNormSizes: readonly number[] = []): ArenaLayout {
  const spec =
    (batchNorm: boolean) =>
    (size: number, index: number): ParamSpec => ({
      name: `${batchNorm ? "bn" : "conv"}.${index}`,
      role: "weights",
      shape: [size],
      init: { kind: "constant", value: 0 },
      batchNorm,
    });
  return new ArenaLayout([...sizes.map(spec(false)), ...batchNormSizes.map(spec(true))], "weights");
}

/** Which elements of a layout belong to tensors; the others are gaps. */
export function occupied(layout: ArenaLayout): boolean[] {
  const flags = new Array<boolean>(layout.length).fill(false);
  for (const { offset, size } of layout.slots.values()) flags.fill(true, offset, offset + size);
  return flags;
}

/** Arenas of one layout, and what tests do with them. */
export class VectorBench {
  readonly engine: Engine;
  readonly layout: ArenaLayout;
  readonly step: GPUBuffer;
  readonly #arenas: Arena[] = [];

  constructor(engine: Engine, layout: ArenaLayout) {
    this.engine = engine;
    this.layout = layout;
    this.step = engine.buffers.uniform("step", STEP_BYTES);
  }

  /** An arena whose tensors hold `value(index in the arena)`; gaps are zero. */
  arena(value: (index: number) => number = () => 0): Arena {
    const arena = new Arena(this.engine.buffers, this.layout, `test ${this.#arenas.length}`);
    this.#arenas.push(arena);
    const inside = occupied(this.layout);
    this.write(
      arena,
      Float32Array.from(inside, (flag, index) => (flag ? value(index) : 0)),
    );
    return arena;
  }

  write({ buffer }: Arena, data: Float32Array<ArrayBuffer>): void {
    this.engine.device.queue.writeBuffer(buffer, 0, data);
  }

  setStep(values: Partial<StepValues>): void {
    this.engine.device.queue.writeBuffer(this.step, 0, packStep(values));
  }

  async run(...dispatches: readonly BoundDispatch[]): Promise<void> {
    const { kernels, dispose } = await this.engine.kernels(dispatches, "test");
    const encoder = this.engine.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    for (const kernel of kernels) kernel.encode(pass);
    pass.end();
    this.engine.device.queue.submit([encoder.finish()]);
    await this.engine.device.queue.onSubmittedWorkDone();
    this.engine.check();
    dispose();
  }

  async read(source: Arena | GPUBuffer): Promise<Float32Array> {
    return new Float32Array(await this.engine.read({ buffer: source instanceof Arena ? source.buffer : source }));
  }

  dispose(): void {
    for (const arena of this.#arenas) arena.dispose();
    this.engine.buffers.destroy(this.step);
  }
}

/** Largest difference relative to the largest expected magnitude; infinite if anything is not a number. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let magnitude = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    if (!Number.isFinite(actual[i]!)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
  }
  return difference / magnitude;
}
