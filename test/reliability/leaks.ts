import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { queryObjects, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { held } from "../gpu/small.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** All that nobody refers to is gone then, what finalizers let go of too. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    gc();
    await sleep(0);
  }
}

/** What there is when all that nobody refers to is gone. */
export interface Sample {
  readonly liveBuffers: number;
  readonly liveBytes: number;
  readonly listeners: number;
  /** JavaScript's, functions and promises among them. */
  readonly objects: number;
  /** Bytes of the heap and of what lies beside it. What the JIT compiles is among them, so it is never quite flat. */
  readonly heap: number;
}

/** @param signals what listens to them is counted, and what listens to the process */
export async function sample(engine: Engine, signals: readonly AbortSignal[]): Promise<Sample> {
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  const ofProcess = process.eventNames().map((name) => process.listenerCount(name));
  const ofSignals = signals.map((signal) => getEventListeners(signal, "abort").length);
  return {
    ...held(engine),
    listeners: [...ofProcess, ...ofSignals].reduce((sum, count) => sum + count, 0),
    objects: queryObjects(Object, { format: "count" }),
    heap: heapUsed + external,
  };
}

/** What may be left behind between two samples. */
export interface Allowance {
  readonly objects: number;
  /** In bytes. */
  readonly heap: number;
}

/**
 * Fails unless buffers, bytes and listeners are the same in all samples, and objects and heap grow by less than is allowed.
 * Those two are never quite the same: they grow where their slope is too steep by three standard errors.
 */
export function expectFlat(samples: readonly Sample[], allowance: Allowance): void {
  // Before, caches are filled and functions compiled. Each sample is an object itself.
  const steady = samples
    .slice(Math.ceil(samples.length / 5))
    .map((one, index) => ({ ...one, objects: one.objects - index }));
  const counted = steady.map(({ liveBuffers, liveBytes, listeners }) => ({ liveBuffers, liveBytes, listeners }));
  expect(counted).toEqual(counted.map(() => counted[0]));
  for (const what of ["objects", "heap"] as const) {
    const values = steady.map((one) => one[what]);
    const { slope, error } = lineThrough(values);
    expect(slope - 3 * error, `growth of ${what}: ${values}`).toBeLessThan(allowance[what]);
  }
}

/** The line of least squares through values at equal distances, and the standard error of its slope. */
function lineThrough(values: readonly number[]): { readonly slope: number; readonly error: number } {
  const count = values.length;
  const middle = (count - 1) / 2;
  const mean = values.reduce((sum, y) => sum + y, 0) / count;
  const spread = values.reduce((sum, _, x) => sum + (x - middle) ** 2, 0);
  const slope = values.reduce((sum, y, x) => sum + (x - middle) * (y - mean), 0) / spread;
  const residual = values.reduce((sum, y, x) => sum + (y - mean - slope * (x - middle)) ** 2, 0);
  return { slope, error: Math.sqrt(residual / (count - 2) / spread) };
}
