import type { BoundDispatch, Engine } from "../runtime/webgpu/engine.ts";
import type { Program } from "../runtime/webgpu/program.ts";

/** Averages over samples. */
export interface Averages {
  readonly loss: number;
  /** Share of samples whose label is the first, or among the first five, of the logits. */
  readonly top1: number;
  readonly top5: number;
  readonly samples: number;
}

/** Averages from sums over samples: loss, top1, top5 and how many samples they are of. */
export function averagesOf([loss = 0, top1 = 0, top5 = 0, samples = 0]: readonly number[]): Averages {
  const count = Math.max(1, samples);
  return { loss: loss / count, top1: top1 / count, top5: top5 / count, samples };
}

/** What was seen since the last reset, and what the last step saw. */
export interface PassAverages {
  readonly pass: Averages;
  readonly step: Averages;
  /** The first step (batch) of the pass whose loss was NaN or infinite, from 0. */
  readonly notFinite?: number;
}

/** `Sums` of shaders/metrics.wesl, and where its `first_bad` is among the words. */
const BYTES = 48;
const FIRST_BAD = 9;

/** The first batch of a pass whose loss was NaN or infinite, from 0, by its sums. */
export function badBatchOf({ buffer, byteOffset }: Float32Array<ArrayBuffer>): number | undefined {
  const [firstBad = 0] = new Uint32Array(buffer, byteOffset + 4 * FIRST_BAD, 1);
  return firstBad > 0 ? firstBad - 1 : undefined;
}

/**
 * Loss and accuracy, summed on the device, and where the loss stopped being a number; the host reads ten numbers now and
 * then, never once a step.
 * Reads wait for each other: there is one staging buffer.
 */
export class DeviceMetrics {
  /** What is counted; goes on from where it stands. */
  readonly sums: GPUBuffer;
  readonly #engine: Engine;
  readonly #staging: GPUBuffer;
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine) {
    this.#engine = engine;
    this.sums = engine.buffers.storage("metrics", BYTES);
    this.#staging = engine.buffers.staging("metrics", BYTES);
  }

  /** Adds what a program has put into its outputs `loss`, `top1` and `top5`; the step uniform says how many samples count. */
  accumulate(program: Program, step: GPUBuffer): BoundDispatch {
    const outputs = ["loss", "top1", "top5"].map((name) => program.output(name));
    return {
      shader: "metrics",
      uniforms: { samples: outputs[0]!.type.shape[0]! },
      reads: outputs.map(({ buffer }) => ({ buffer })),
      writes: [{ buffer: this.sums }],
      step,
      workgroups: [1, 1, 1],
    };
  }

  reset(): void {
    this.#engine.device.queue.writeBuffer(this.sums, 0, new Float32Array(BYTES / 4));
  }

  /**
   * The averages after everything submitted so far; waits for it.
   * @throws SupernetError("device") when the device has failed since
   */
  read(): Promise<PassAverages> {
    const mapped = this.#last.then(() => this.#map());
    this.#last = mapped.catch(() => {});
    return mapped;
  }

  async #map(): Promise<PassAverages> {
    const [bytes] = await this.#engine.copyOut([{ source: { buffer: this.sums }, staging: this.#staging }]);
    const sums = new Float32Array(bytes!);
    const averages = { pass: averagesOf([...sums.slice(0, 4)]), step: averagesOf([...sums.slice(4, 8)]) };
    const notFinite = badBatchOf(sums);
    return notFinite === undefined ? averages : { ...averages, notFinite };
  }

  dispose(): void {
    this.#engine.buffers.destroy(this.sums);
    this.#engine.buffers.destroy(this.#staging);
  }
}
