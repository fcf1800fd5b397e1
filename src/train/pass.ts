import type { Flow } from "./flow.ts";
import type { Averages, DeviceMetrics, PassAverages } from "./metric-sums.ts";
import type { PassRecord } from "./metrics.ts";
import { NotFinite } from "./not-finite.ts";

/** One pass over a feed, in training or evaluation. */
export interface PassSteps {
  readonly batches: number;
  readonly encode: (encoder: GPUCommandEncoder, batch: number) => void;
  /** Awaited after each batch is submitted. */
  readonly afterBatch?: ((batch: number) => Promise<void> | undefined) | undefined;
  /** Told now and then, and once at the end, with the averages so far and the number of batches done. */
  readonly report: (averages: Averages, batch: number, batches: number) => void;
}

/**
 * Runs all batches of a pass, with the metrics counted from zero.
 * @throws NotFinite within 50 batches of one whose loss is NaN or infinite; as `Flow.submit`
 */
export async function runPass(flow: Flow, metrics: DeviceMetrics, steps: PassSteps): Promise<PassRecord> {
  const { batches, encode, afterBatch, report } = steps;
  const startTime = Date.now() / 1000;
  let notFinite: number | undefined;
  const tell = (read: PassAverages, batch: number) => {
    notFinite ??= read.notFinite;
    if (notFinite === undefined) report(read.pass, batch, batches);
  };
  const check = () => {
    if (notFinite !== undefined) throw new NotFinite(notFinite);
  };
  metrics.reset();
  for (let batch = 0; batch < batches; batch++) {
    await flow.submit((encoder) => encode(encoder, batch));
    await afterBatch?.(batch);
    check();
    if (batch + 1 === batches) break;
    flow.report(
      () => metrics.read(),
      (read) => tell(read, batch + 1),
    );
  }
  const last = await flow.wait(metrics.read());
  tell(last, batches);
  check();
  return { averages: last.pass, lastStep: last.step, steps: batches, startTime, endTime: Date.now() / 1000 };
}
