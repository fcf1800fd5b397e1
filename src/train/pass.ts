import type { Flow } from "./flow.ts";
import type { Averages, DeviceMetrics } from "./metric-sums.ts";
import type { PassRecord } from "./metrics.ts";

/** One pass over a feed, in training or evaluation. */
export interface PassSteps {
  readonly batches: number;
  /** Batches that are done, and the seconds they took; their metrics are on the device. */
  readonly from?: { readonly batch: number; readonly seconds: number };
  readonly encode: (encoder: GPUCommandEncoder, batch: number) => void;
  /** Awaited after each batch is submitted. @param seconds that the pass has taken so far */
  readonly afterBatch?: ((batch: number, seconds: () => number) => Promise<void> | undefined) | undefined;
  /** Told now and then, and once at the end, with the averages so far and the number of batches done. */
  readonly report: (averages: Averages, batch: number, batches: number) => void;
}

/** Runs all batches of a pass that are not done yet. @throws as `Flow.submit` */
export async function runPass(flow: Flow, metrics: DeviceMetrics, steps: PassSteps): Promise<PassRecord> {
  const { batches, from = { batch: 0, seconds: 0 }, encode, afterBatch, report } = steps;
  const startTime = Date.now() / 1000 - from.seconds;
  const seconds = () => Date.now() / 1000 - startTime;
  if (from.batch === 0) metrics.reset();
  for (let { batch } = from; batch < batches; batch++) {
    await flow.submit((encoder) => encode(encoder, batch));
    await afterBatch?.(batch, seconds);
    if (batch + 1 === batches) break;
    flow.report(
      () => metrics.read(),
      ({ pass }) => report(pass, batch + 1, batches),
    );
  }
  const { pass, step } = await flow.wait(metrics.read());
  report(pass, batches, batches);
  return { averages: pass, lastStep: step, steps: batches, startTime, endTime: Date.now() / 1000 };
}
