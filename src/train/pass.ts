import type { Flow } from "./flow.ts";
import type { Averages, DeviceMetrics } from "./metric-sums.ts";
import type { PassRecord } from "./metrics.ts";

/** One pass over a feed, in training or evaluation. */
export interface PassSteps {
  readonly batches: number;
  readonly encode: (encoder: GPUCommandEncoder, batch: number) => void;
  /** Awaited after each batch is submitted. */
  readonly afterBatch?: ((batch: number) => Promise<void> | undefined) | undefined;
  /** Told now and then, and once at the end, with the averages so far and the number of batches done. */
  readonly report: (averages: Averages, batch: number, batches: number) => void;
}

/** Runs all batches of a pass, with the metrics counted from zero. @throws as `Flow.submit` */
export async function runPass(flow: Flow, metrics: DeviceMetrics, steps: PassSteps): Promise<PassRecord> {
  const { batches, encode, afterBatch, report } = steps;
  const startTime = Date.now() / 1000;
  metrics.reset();
  for (let batch = 0; batch < batches; batch++) {
    await flow.submit((encoder) => encode(encoder, batch));
    await afterBatch?.(batch);
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
