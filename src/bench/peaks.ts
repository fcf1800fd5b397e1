import { type BoundDispatch, type Engine, encodePass } from "../runtime/webgpu/engine.ts";
import { f32, grid } from "../runtime/webgpu/kernel.ts";

/** The most an adapter was seen to do. */
export interface Peaks {
  /** 10^9 multiplications and additions a second: 8 independent chains of vec4 fma in every thread. */
  readonly gflops: number;
  /** 10^9 bytes a second, read and written, by a copy between two large buffers. */
  readonly gigabytes: number;
}

const WORKGROUP = 64;
/** A measurement grows until it takes this long, in milliseconds: what a submit costs is then lost in it. */
const LONG_ENOUGH = 100;
/** It does not grow beyond this, in case the clock stands still (on a device that computes nothing). */
const LARGEST = 2 ** 20;
const RUNS = 3;

/**
 * Measures the adapter, for about a second. Nothing else should use it meanwhile.
 *
 * @param kind a GPU needs more threads than there are places for, a software adapter a few for every core
 * @throws SupernetError("device") when the device fails
 */
export async function measurePeaks(engine: Engine, kind: "gpu" | "software"): Promise<Peaks> {
  return { gflops: await fmaPeak(engine, kind === "gpu" ? 8192 : 64), gigabytes: await copyPeak(engine) };
}

async function fmaPeak(engine: Engine, workgroups: number): Promise<number> {
  const threads = workgroups * WORKGROUP;
  const result = engine.buffers.storage("peak of fma", threads * 16);
  try {
    return await rate(engine, (rounds) => ({
      dispatch: {
        shader: "peak_fma",
        constants: { wg: WORKGROUP },
        // The chains approach 2: no number overflows or becomes denormal.
        uniforms: { rounds, factor: f32(0.5), summand: f32(1) },
        reads: [],
        writes: [{ buffer: result }],
        workgroups: [workgroups, 1, 1],
      },
      times: 1,
      amount: threads * 64 * rounds,
    }));
  } finally {
    engine.buffers.destroy(result);
  }
}

async function copyPeak(engine: Engine): Promise<number> {
  // Larger than caches, within what any device binds.
  const bytes = 2 ** 27;
  const total = bytes / 16;
  const source = engine.buffers.storage("peak of copies, from", bytes);
  const copy = engine.buffers.storage("peak of copies, to", bytes);
  const measure = (per: number) =>
    rate(engine, (times) => ({
      dispatch: {
        shader: "peak_copy",
        constants: { wg: WORKGROUP },
        uniforms: { total, per },
        reads: [{ buffer: source }],
        writes: [{ buffer: copy }],
        workgroups: grid(Math.ceil(total / per), WORKGROUP),
      },
      times,
      amount: 2 * bytes * times,
    }));
  try {
    return Math.max(await measure(4), await measure(32));
  } finally {
    for (const buffer of [source, copy]) engine.buffers.destroy(buffer);
  }
}

/** A dispatch, how often a measurement repeats it, and what it does all in all. */
interface Load {
  readonly dispatch: BoundDispatch;
  readonly times: number;
  readonly amount: number;
}

/** The best rate of some runs that are long enough, in 10^9 a second. */
async function rate(engine: Engine, load: (size: number) => Load): Promise<number> {
  // The first run of a pipeline may have to compile it.
  await time(engine, load(1));
  for (let size = 1; ; ) {
    const { amount } = load(size);
    let best = await time(engine, load(size));
    if (best >= LONG_ENOUGH || size >= LARGEST) {
      for (let run = 1; run < RUNS; run++) best = Math.min(best, await time(engine, load(size)));
      return amount / best / 1e6;
    }
    // By small steps: a time that is mostly overhead says little about a longer one.
    size = Math.ceil(size * Math.min(8, (1.5 * LONG_ENOUGH) / best));
  }
}

/** Milliseconds from submitting to the end. */
async function time(engine: Engine, { dispatch, times }: Load): Promise<number> {
  const { kernels, dispose } = await engine.kernels([dispatch], "peak");
  try {
    const encoder = engine.device.createCommandEncoder();
    encodePass(encoder, Array.from({ length: times }, () => kernels).flat());
    const commands = encoder.finish();
    const before = performance.now();
    engine.device.queue.submit([commands]);
    await engine.done();
    const milliseconds = performance.now() - before;
    engine.check();
    return milliseconds;
  } finally {
    dispose();
  }
}
