import { clearWritten, findBadWrite } from "../runtime/webgpu/finite-checks.ts";
import { unpackPlanes } from "../runtime/webgpu/layout.ts";
import type { Program } from "../runtime/webgpu/program.ts";
import { type BadStep, commandsOf } from "./diagnosis.ts";
import type { Feed } from "./feed.ts";
import { FeedPass } from "./feed-pass.ts";
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
  readonly #pass: FeedPass;
  readonly #metrics: DeviceMetrics;
  readonly #flow: Flow;
  readonly #program: Program;

  constructor(parts: EvaluationParts) {
    const { network, feed, smoothing, signal, gate } = parts;
    this.#parts = parts;
    this.#program = network.evaluationProgram(smoothing, feed.samples);
    this.#pass = new FeedPass({ network, feed, program: this.#program, signal });
    this.#metrics = new DeviceMetrics(network.engine);
    this.#flow = new Flow(network.engine, signal, gate);
  }

  /** Binds the program; best after all programs of a network are compiled, so that they share their temporaries. */
  async prepare(): Promise<void> {
    await this.#pass.prepare([this.#metrics.accumulate(this.#program, this.#pass.step.buffer)], "evaluation metrics");
  }

  async run(onBatch?: (averages: Averages, batch: number, batches: number) => void): Promise<PassRecord> {
    const { feed } = this.#parts;
    return runPass(this.#flow, this.#metrics, {
      batches: feed.startPass(0),
      encode: (encoder, batch) => this.#pass.encode(encoder, batch),
      report: (averages, batch, batches) => onBatch?.(averages, batch, batches),
    });
  }

  /**
   * Runs a batch again and finds what goes bad first; leaves the network as it is.
   * @throws as `run`
   */
  async blame(batch: number): Promise<BadStep> {
    const { engine } = this.#parts.network;
    const commands = commandsOf((encoder) => this.#pass.encode(encoder, batch));
    clearWritten(engine, commands);
    return { batch, write: await findBadWrite(engine, commands) };
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
      await this.#flow.submit((encoder) => this.#pass.encode(encoder, batch));
      const read = Promise.all([engine.read(logits), engine.read({ buffer: feed.y })]);
      const [scores, labels] = await this.#flow.wait(read);
      const { valid } = feed.select(batch);
      const rows = unpackPlanes(new Float32Array(scores), logits.type.shape);
      countPredictions(counts, rows, new Uint32Array(labels).subarray(0, valid));
    }
    return counts;
  }

  dispose(): void {
    this.#metrics.dispose();
    this.#pass.dispose();
  }
}
