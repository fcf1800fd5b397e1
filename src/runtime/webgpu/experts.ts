import type { Arena } from "./arena.ts";
import type { BoundDispatch } from "./engine.ts";
import { f32, TABLE_ROWS, type Tuning } from "./kernel.ts";
import { overArena } from "./vector.ts";

/** Weights of experts and what moves them, alike in layout: parameters of one role, each a vector of experts. */
export interface Experts {
  readonly weights: Arena;
  /** Their logarithms, which are what is kept; see `startExperts`. */
  readonly logs: Arena;
  /** Minus the rewards since the last update. */
  readonly gradient: Arena;
}

/** How vectors of experts are updated. */
export interface ExpertUpdate {
  /** The parameters, all of one length. */
  readonly names: readonly string[];
  /** Learning rate η. */
  readonly rate: number;
  /** Largest reward L of an update, beyond which nobody is evicted; undefined evicts nobody at all. */
  readonly evictBy: number | undefined;
  /** Whether weights are brought to a sum of 1. */
  readonly shares: boolean;
  /** Rewards that a vector gets in a step, and in the whole run (T). */
  readonly updates: number;
  readonly total: number;
  /** Rewards of this step up to now. */
  readonly done: number;
}

/** Takes the weights as they are as the starting point. */
export function startExperts(tuning: Tuning, { weights, logs }: Experts): BoundDispatch {
  return {
    shader: "experts_start",
    ...overArena(logs, tuning),
    reads: [{ buffer: weights.buffer }],
    writes: [{ buffer: logs.buffer }],
  };
}

/**
 * w exp(-η gradient), the exponentiated-gradient update, and eviction: of w < max w exp(-2ηL (T - t)), where t counts rewards
 * (Nayman et al. 2019, algorithm 1).
 *
 * If no reward exceeds L, eviction after some rewards finds whom it would have found after each of them: what was out of reach
 * then has come nearer to the best by at most 2ηL a reward, and so has the threshold.
 */
export function updateExperts(
  tuning: Tuning,
  { weights, logs, gradient }: Experts,
  { names, rate, evictBy, shares, updates, total, done }: ExpertUpdate,
  step: GPUBuffer,
): BoundDispatch[] {
  const slots = names.map((name) => weights.layout.slot(name));
  const size = slots[0]?.size ?? 0;
  const wg = tuning.workgroup;
  const reach = f32(2 * rate * (evictBy ?? 0));
  return Array.from({ length: Math.ceil(slots.length / TABLE_ROWS) }, (_, chunk): BoundDispatch => {
    const own = slots.slice(chunk * TABLE_ROWS, (chunk + 1) * TABLE_ROWS);
    return {
      shader: "experts_update",
      constants: { wg },
      conditions: { evict: evictBy !== undefined, shares },
      uniforms: { vectors: own.length, size, rate: f32(rate), reach, updates, done, total },
      table: own.map(({ offset }) => [offset, 0, 0, 0] as const),
      reads: [{ buffer: gradient.buffer }],
      writes: [{ buffer: logs.buffer }, { buffer: weights.buffer }],
      step,
      workgroups: [Math.ceil(own.length / wg), 1, 1],
    };
  });
}
