import { type Engine, encodePass } from "../runtime/webgpu/engine.ts";
import type { Command, Recorder } from "../runtime/webgpu/recorder.ts";
import { median } from "./numbers.ts";
import { boundBytes } from "./traffic.ts";

/** One dispatch of a step. */
export interface DispatchTime {
  /** Shader and entry point. */
  readonly family: string;
  /** What part of the model it is for; empty for optimizers and the like. */
  readonly module: string;
  readonly milliseconds: number;
  /** See `boundBytes`. */
  readonly bytes: number;
  /** Of convolutions; 0 where the kernel states none. */
  readonly flops: number;
}

export interface Profile {
  /** `timestamps` of the device, or the `wall` time of submits of their own where it has none. */
  readonly clock: "timestamps" | "wall";
  readonly dispatches: readonly DispatchTime[];
}

/** Dispatches that are timed in one submit: WebGPU allows 4096 timestamps in a set. */
const BATCH = 1024;

/**
 * Runs a recorded step with every dispatch on its own and times each: the median over some runs. What a pass or a submit
 * of its own costs is in these times, so that they add up to more than the step takes.
 *
 * @throws SupernetError("device") when the device fails
 */
export async function profileStep(engine: Engine, { commands, kernels }: Recorder, runs: number): Promise<Profile> {
  const clock = engine.device.features.has("timestamp-query") ? "timestamps" : "wall";
  const times: number[][] = kernels.map(() => []);
  for (let run = 0; run < runs; run++) {
    const measured = clock === "timestamps" ? await byTimestamps(engine, commands) : await bySubmits(engine, commands);
    for (const [index, time] of measured.entries()) times[index]!.push(time);
  }
  const dispatches = kernels.map(({ dispatch }, index): DispatchTime => {
    const { shader, entry = "main", module = "", flops = 0 } = dispatch;
    return {
      family: `${shader}.${entry}`,
      module,
      milliseconds: median(times[index]!),
      bytes: boundBytes(dispatch),
      flops,
    };
  });
  return { clock, dispatches };
}

async function byTimestamps(engine: Engine, commands: readonly Command[]): Promise<number[]> {
  const { device } = engine;
  const querySet = device.createQuerySet({ type: "timestamp", count: 2 * BATCH });
  const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
  const resolved = engine.buffers.create("timestamps", 16 * BATCH, usage);
  const times: number[] = [];
  try {
    for (const batch of batches(commands)) {
      const encoder = device.createCommandEncoder();
      let place = 0;
      for (const command of batch) {
        if (command.kind === "transfer") {
          command.encode(encoder);
          continue;
        }
        const [begin, end] = [place++, place++];
        const timestampWrites = { querySet, beginningOfPassWriteIndex: begin, endOfPassWriteIndex: end };
        const pass = encoder.beginComputePass({ timestampWrites });
        command.kernel.encode(pass);
        pass.end();
      }
      if (place > 0) encoder.resolveQuerySet(querySet, 0, place, resolved, 0);
      device.queue.submit([encoder.finish()]);
      const stamps = new BigUint64Array(await engine.read({ buffer: resolved }));
      for (let at = 0; at < place; at += 2) times.push(Number(stamps[at + 1]! - stamps[at]!) / 1e6);
    }
    return times;
  } finally {
    engine.buffers.destroy(resolved);
    querySet.destroy();
  }
}

function* batches(commands: readonly Command[]): Generator<readonly Command[]> {
  for (let start = 0; start < commands.length; start += BATCH) yield commands.slice(start, start + BATCH);
}

async function bySubmits(engine: Engine, commands: readonly Command[]): Promise<number[]> {
  const { device } = engine;
  const times: number[] = [];
  for (const command of commands) {
    const encoder = device.createCommandEncoder();
    if (command.kind === "transfer") command.encode(encoder);
    else encodePass(encoder, [command.kernel]);
    const commandBuffer = encoder.finish();
    const before = performance.now();
    device.queue.submit([commandBuffer]);
    await engine.done();
    if (command.kind === "kernel") times.push(performance.now() - before);
  }
  engine.check();
  return times;
}

/** All dispatches of one kernel family. */
export interface FamilyTime extends Omit<DispatchTime, "module"> {
  readonly dispatches: number;
  /** Of the time of all families, 0 to 1. */
  readonly share: number;
}

/** Sums per family, longest first. */
export function familyTimes(dispatches: readonly DispatchTime[]): FamilyTime[] {
  const total = dispatches.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const families = new Map<string, FamilyTime>();
  for (const { family, milliseconds, bytes, flops } of dispatches) {
    const known = families.get(family) ?? { family, dispatches: 0, milliseconds: 0, share: 0, bytes: 0, flops: 0 };
    const time = known.milliseconds + milliseconds;
    families.set(family, {
      family,
      dispatches: known.dispatches + 1,
      milliseconds: time,
      share: total > 0 ? time / total : 0,
      bytes: known.bytes + bytes,
      flops: known.flops + flops,
    });
  }
  return [...families.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}
