import type { Kernel } from "../runtime/webgpu/engine.ts";
import type { BoundProgram, Program } from "../runtime/webgpu/program.ts";
import { StepUniform } from "../runtime/webgpu/step.ts";
import type { Feed } from "./feed.ts";
import { Flow } from "./flow.ts";
import { type Averages, DeviceMetrics } from "./metric-sums.ts";
import type { PassRecord } from "./metrics.ts";
import type { Network } from "./network.ts";
import { encodePass } from "./weight-update.ts";

export interface EvaluationParts {
  readonly network: Network;
  readonly feed: Feed;
  readonly smoothing: number;
  readonly signal?: AbortSignal | undefined;
}

/** Loss and accuracy of a network, in evaluation mode, over all batches of a feed; every sample counts once. */
export class Evaluation {
  readonly #parts: EvaluationParts;
  readonly #step: StepUniform;
  readonly #metrics: DeviceMetrics;
  readonly #flow: Flow;
  readonly #program: Program;
  #bound: BoundProgram | undefined;
  #accumulate: readonly Kernel[] = [];
  readonly #disposers: (() => void)[] = [];

  constructor(parts: EvaluationParts) {
    const { engine } = parts.network;
    this.#parts = parts;
    this.#step = new StepUniform(engine.device, engine.buffers, parts.feed.chunks);
    this.#metrics = new DeviceMetrics(engine);
    this.#flow = new Flow(engine, parts.signal);
    this.#program = parts.network.evaluationProgram(parts.smoothing, parts.feed.samples);
  }

  /** Binds the program; best after all programs of a network are compiled, so that they share their temporaries. */
  async prepare(): Promise<void> {
    const { network, feed } = this.#parts;
    await feed.prepare(this.#step.buffer);
    this.#bound = await this.#program.bind({
      arenas: { params: network.arenas, grads: {}, next: {} },
      inputs: { x: feed.x, y: feed.y },
      step: this.#step.buffer,
    });
    this.#disposers.push(this.#bound.dispose);
    const { kernels, dispose } = await network.engine.kernels(
      [this.#metrics.accumulate(this.#program, this.#step.buffer)],
      "evaluation metrics",
    );
    this.#accumulate = kernels;
    this.#disposers.push(dispose);
  }

  async run(onBatch?: (averages: Averages, batch: number, batches: number) => void): Promise<PassRecord> {
    const { feed } = this.#parts;
    const startTime = Date.now() / 1000;
    const batches = feed.startPass(0);
    this.#metrics.reset();
    for (let batch = 0; batch < batches; batch++) {
      await this.#flow.submit((encoder) => this.#encode(encoder, batch));
      if (batch + 1 === batches) break;
      this.#flow.report(
        () => this.#metrics.read(),
        ({ pass }) => onBatch?.(pass, batch + 1, batches),
      );
    }
    const { pass, step } = await this.#flow.wait(this.#metrics.read());
    onBatch?.(pass, batches, batches);
    return { averages: pass, lastStep: step, steps: batches, startTime, endTime: Date.now() / 1000 };
  }

  #encode(encoder: GPUCommandEncoder, batch: number): void {
    const { feed } = this.#parts;
    const { start, valid } = feed.select(batch);
    const chunks = Array.from({ length: feed.chunks }, (_, chunk) => chunk * feed.samples);
    this.#step.write(
      chunks.map((sampleStart) => ({
        batchStart: start + sampleStart,
        valid: Math.min(feed.samples, Math.max(0, valid - sampleStart)),
        sampleStart,
      })),
    );
    for (const chunk of chunks.keys()) {
      this.#step.use(encoder, chunk);
      feed.encode(encoder, chunk);
      this.#bound!.encode(encoder);
      encodePass(encoder, this.#accumulate);
    }
  }

  dispose(): void {
    for (const dispose of this.#disposers) dispose();
    this.#metrics.dispose();
    this.#step.dispose();
  }
}
