import { rounded } from "./numbers.ts";
import type { Peaks } from "./peaks.ts";
import type { Timing } from "./timer.ts";

/** A run of the benchmark as it is printed; bench/README.md says what each field means. */
export interface BenchLine {
  readonly workload: string;
  readonly adapter: string;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly host_ms: number;
  readonly first_step_ms: number;
  readonly loss: number;
  readonly dispatches: number;
  readonly submits: number;
  readonly pipelines: number;
  readonly gpu_bytes: number;
  readonly live_buffers: number;
  readonly gflops: number;
  readonly peak_gflops: number;
  readonly copy_gbs: number;
  readonly bytes_moved: number;
  /** Graph passes that were left out, if any. */
  readonly without?: readonly string[];
  /** How variants of kernels were chosen, if not by default. */
  readonly tune?: string;
}

export interface LineParts {
  readonly workload: string;
  readonly adapter: string;
  readonly timing: Timing;
  readonly peaks: Peaks;
  /** Of the convolutions of a step, see `stepFlops`. */
  readonly flops: number;
  readonly without: readonly string[];
  readonly tune: "off" | "fast" | "full";
}

export function benchLine({ workload, adapter, timing, peaks, flops, without, tune }: LineParts): BenchLine {
  return {
    workload,
    adapter,
    median_ms: rounded(timing.median, 1),
    min_ms: rounded(timing.min, 1),
    host_ms: rounded(timing.host, 2),
    first_step_ms: rounded(timing.firstStep, 0),
    loss: rounded(timing.loss, 6),
    dispatches: timing.dispatches,
    submits: timing.submits,
    pipelines: timing.pipelines,
    gpu_bytes: timing.bytes,
    live_buffers: timing.buffers,
    gflops: rounded(flops / timing.median / 1e6, 2),
    peak_gflops: rounded(peaks.gflops, 1),
    copy_gbs: rounded(peaks.gigabytes, 1),
    bytes_moved: timing.bytesMoved,
    ...(without.length > 0 && { without }),
    ...(tune !== "off" && { tune }),
  };
}
