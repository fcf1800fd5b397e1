import * as tf from "@tensorflow/tfjs-core";
import { type Averages, averagesOf } from "../metric-sums.ts";
import type { PassRecord } from "../metrics.ts";
import type { RunResult } from "./program.ts";

/** Sums of loss, top1 and top5 over the samples of a chunk that count, [3]; the caller disposes it. */
export function sumsOf({ loss, top1, top5 }: RunResult, valid: number): tf.Tensor1D {
  return tf.tidy(
    () => tf.stack([loss, top1, top5].map((values) => tf.sum(tf.slice1d(values, 0, valid)))) as tf.Tensor1D,
  );
}

/** Counts a pass over a feed as its steps are done. */
export class PassCounter {
  readonly #startTime = Date.now() / 1000;
  #pass = [0, 0, 0, 0];
  #last = [0, 0, 0, 0];
  #steps = 0;

  /** @param sums loss, top1 and top5 of the step; @param samples how many they are of */
  add(sums: readonly number[], samples: number): void {
    this.#last = [...sums, samples];
    this.#pass = this.#pass.map((sum, index) => sum + this.#last[index]!);
    this.#steps++;
  }

  get averages(): Averages {
    return averagesOf(this.#pass);
  }

  record(): PassRecord {
    return {
      averages: this.averages,
      lastStep: averagesOf(this.#last),
      steps: this.#steps,
      startTime: this.#startTime,
      endTime: Date.now() / 1000,
    };
  }
}
