import { encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import { unpackPlanes } from "../runtime/webgpu/layout.ts";
import type { BoundProgram, Program } from "../runtime/webgpu/program.ts";
import { StepUniform } from "../runtime/webgpu/step.ts";
import { type Feed, selectChunks } from "./feed.ts";
import { Flow } from "./flow.ts";
import type { Gate } from "./gate.ts";
import { type Averages, DeviceMetrics } from "./metric-sums.ts";
import type { PassRecord } from "./metrics.ts";
import type { Network } from "./network.ts";
import { runPass } from "./pass.ts";
import { countPredictions, countTable } from "./predictions.ts";

export interface EvaluationParts {
  readonly network: Network;
  readonly feed: Feed;
  readonly smoothing: number;
  readonly signal?: AbortSignal | undefined;
  readonly gate?: Gate | undefined;
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
    this.#flow = new Flow(engine, parts.signal, parts.gate);
    this.#program = parts.network.evaluationProgram(parts.smoothing, parts.feed.samples);
  }

  /** Binds the program; best after all programs of a network are compiled, so that they share their temporaries. */
  async prepare(): Promise<void> {
    const { network, feed, signal } = this.#parts;
    await feed.prepare(this.#step.buffer);
    signal?.throwIfAborted();
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
    return runPass(this.#flow, this.#metrics, {
      batches: feed.startPass(0),
      encode: (encoder, batch) => this.#encode(encoder, batch),
      report: (averages, batch, batches) => onBatch?.(averages, batch, batches),
    });
  }

  /**
   * Counts of the feed's samples, `[label][prediction]`, a class a row and a column. Reads back the logits of every batch: for
   * once at the end of a training.
   * @throws as `run`
   */
  async confusion(): Promise<number[][]> {
    const { network, feed } = this.#parts;
    const { engine } = network;
    const logits = this.#program.output("logits");
    const counts = countTable(logits.type.shape[1]!);
    const batches = feed.startPass(0);
    if (feed.chunks !== 1) throw new Error("only feeds of one chunk a batch are counted");
    for (let batch = 0; batch < batches; batch++) {
      await this.#flow.submit((encoder) => this.#encode(encoder, batch));
      const read = Promise.all([engine.read(logits), engine.read({ buffer: feed.y })]);
      const [scores, labels] = await this.#flow.wait(read);
      const { valid } = feed.select(batch);
      const rows = unpackPlanes(new Float32Array(scores), logits.type.shape);
      countPredictions(counts, rows, new Uint32Array(labels).subarray(0, valid));
    }
    return counts;
  }

  #encode(encoder: GPUCommandEncoder, batch: number): void {
    const { feed } = this.#parts;
    const chunks = selectChunks(feed, batch);
    this.#step.write(chunks.map(({ start, valid, sampleStart }) => ({ batchStart: start, valid, sampleStart })));
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
