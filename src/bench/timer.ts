import type { Engine } from "../runtime/webgpu/engine.ts";
import { Recorder } from "../runtime/webgpu/recorder.ts";
import type { PassOptions } from "../train/graphs.ts";
import { type CommandCounts, countCommands } from "./commands.ts";
import { median } from "./numbers.ts";
import { type BenchStep, makeStep } from "./step.ts";
import { boundBytes } from "./traffic.ts";
import type { Workload } from "./workloads.ts";

/** What a workload costs; times in milliseconds. */
export interface Timing extends CommandCounts {
  /** From commands to the end on the device, one step at a time. */
  readonly median: number;
  readonly min: number;
  /** Median of what the host does for a step: encode and submit. */
  readonly host: number;
  /** Compiling, uploading and the first step. */
  readonly firstStep: number;
  /** Of the first step. */
  readonly loss: number;
  readonly pipelines: number;
  /** Of all buffers after the first step. */
  readonly bytes: number;
  readonly buffers: number;
  /** Sum over dispatches of what they bind, see `boundBytes`. */
  readonly bytesMoved: number;
}

type FirstStep = Omit<Timing, "median" | "min" | "host" | "bytesMoved">;

/** Compiles a workload and times its steps, some now and some later, so that another program can be timed between. */
export class StepTimer {
  readonly #engine: Engine;
  readonly #step: BenchStep;
  readonly #first: FirstStep;
  readonly #times: number[] = [];
  readonly #hostTimes: number[] = [];

  /**
   * Compiles the workload and runs its first step. The engine should hold nothing else.
   * @throws SupernetError as `makeStep`, or "device" when the step fails
   */
  static async start(engine: Engine, workload: Workload, passes: PassOptions = {}): Promise<StepTimer> {
    const started = performance.now();
    const step = await makeStep(engine, workload, passes);
    const counts = countCommands(() => submit(engine, step));
    await engine.device.queue.onSubmittedWorkDone();
    const firstStep = performance.now() - started;
    engine.check();
    const { liveBytes: bytes, liveBuffers: buffers } = engine.buffers;
    const loss = await step.loss();
    return new StepTimer(engine, step, { ...counts, firstStep, loss, bytes, buffers, pipelines: engine.pipelineCount });
  }

  private constructor(engine: Engine, step: BenchStep, first: FirstStep) {
    this.#engine = engine;
    this.#step = step;
    this.#first = first;
  }

  /**
   * Runs steps, each to its end before the next one starts, and keeps their times.
   * @param warmup steps before, whose times are forgotten
   */
  async run(repeats: number, warmup: number): Promise<void> {
    for (let run = -warmup; run < repeats; run++) {
      const before = performance.now();
      submit(this.#engine, this.#step);
      const submitted = performance.now();
      await this.#engine.device.queue.onSubmittedWorkDone();
      const done = performance.now();
      this.#engine.check();
      if (run < 0) continue;
      this.#times.push(done - before);
      this.#hostTimes.push(submitted - before);
    }
  }

  /** The next step, written down instead of run. */
  record(): Recorder {
    const recorder = new Recorder();
    this.#step.encode(recorder.encoder);
    return recorder;
  }

  /** After at least one timed step. */
  result(): Timing {
    const bytesMoved = this.record().kernels.reduce((sum, { dispatch }) => sum + boundBytes(dispatch), 0);
    const times = { median: median(this.#times), min: Math.min(...this.#times), host: median(this.#hostTimes) };
    return { ...this.#first, ...times, bytesMoved };
  }

  dispose(): void {
    this.#step.dispose();
  }
}

function submit(engine: Engine, step: BenchStep): void {
  const encoder = engine.device.createCommandEncoder();
  step.encode(encoder);
  engine.device.queue.submit([encoder.finish()]);
}
