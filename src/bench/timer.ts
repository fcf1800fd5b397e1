import type { Engine } from "../runtime/webgpu/engine.ts";
import { Recorder } from "../runtime/webgpu/recorder.ts";
import { Flow } from "../train/flow.ts";
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

type FirstStep = Pick<Timing, "firstStep" | "loss" | "pipelines" | "bytes" | "buffers">;

/** Compiles a workload and times its steps, some now and some later, so that another program can be timed between. */
export class StepTimer {
  readonly #engine: Engine;
  readonly #step: BenchStep;
  readonly #flow: Flow;
  readonly #first: FirstStep;
  #counts: CommandCounts;
  readonly #times: number[] = [];
  readonly #hostTimes: number[] = [];

  /**
   * Compiles the workload and runs its first step. The engine should hold nothing else.
   * @throws SupernetError as `makeStep`, or "device" when the step fails
   */
  static async start(engine: Engine, workload: Workload, passes: PassOptions = {}): Promise<StepTimer> {
    const started = performance.now();
    const step = await makeStep(engine, workload, passes);
    const flow = new Flow(engine);
    const counts = await countCommands(() => flow.submit(step.encode));
    await engine.done();
    const firstStep = performance.now() - started;
    engine.check();
    const { liveBytes: bytes, liveBuffers: buffers } = engine.buffers;
    const first = { firstStep, loss: await step.loss(), bytes, buffers, pipelines: engine.pipelineCount };
    return new StepTimer(engine, step, flow, first, counts);
  }

  private constructor(engine: Engine, step: BenchStep, flow: Flow, first: FirstStep, counts: CommandCounts) {
    this.#engine = engine;
    this.#step = step;
    this.#flow = flow;
    this.#first = first;
    this.#counts = counts;
  }

  /**
   * Runs steps, each to its end before the next one starts, and keeps their times.
   * @param warmup steps before, whose commands are counted and whose times are forgotten
   */
  async run(repeats: number, warmup: number): Promise<void> {
    const submit = () => this.#flow.submit(this.#step.encode);
    for (let step = 0; step < warmup; step++) {
      this.#counts = await countCommands(submit);
      await this.#engine.done();
    }
    for (let step = 0; step < repeats; step++) {
      const before = performance.now();
      // Everything is encoded and submitted when the call returns; what it promises is room for more.
      const room = submit();
      const submitted = performance.now();
      await room;
      await this.#engine.done();
      const done = performance.now();
      this.#engine.check();
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
    return { ...this.#first, ...this.#counts, ...times, bytesMoved };
  }

  dispose(): void {
    this.#step.dispose();
  }
}
