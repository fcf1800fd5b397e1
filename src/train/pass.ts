import type { Flow } from "./flow.ts";
import type { Averages, DeviceMetrics, PassAverages } from "./metric-sums.ts";
import type { PassRecord } from "./metrics.ts";
import { NotFinite } from "./not-finite.ts";

/** One pass over a feed, in training or evaluation. */
export interface PassSteps {
  readonly batches: number;
  /** Batches that are done, and the seconds they took; their metrics are on the device. */
  readonly from?: { readonly batch: number; readonly seconds: number };
  readonly encode: (encoder: GPUCommandEncoder, batch: number) => void;
  /** Awaited after each batch is submitted. @param seconds that the pass has taken so far */
  readonly afterBatch?: ((batch: number, seconds: () => number) => Promise<void> | undefined) | undefined;
  /** Whether something else than the loss went bad, after everything submitted so far; asked whenever there is a report. */
  readonly isBad?: (() => Promise<boolean>) | undefined;
  /** Told now and then, and once at the end, with the averages so far and the number of batches done. */
  readonly report: (averages: Averages, batch: number, batches: number) => void;
}

/**
 * Runs all batches of a pass that are not done yet.
 * @throws NotFinite within 50 batches of one whose loss is NaN or infinite, or after which `isBad`; as `Flow.submit`
 */
export async function runPass(flow: Flow, metrics: DeviceMetrics, steps: PassSteps): Promise<PassRecord> {
  const { batches, from = { batch: 0, seconds: 0 }, encode, afterBatch, isBad, report } = steps;
  const startTime = Date.now() / 1000 - from.seconds;
  const seconds = () => Date.now() / 1000 - startTime;
  let notFinite: number | undefined;
  const tell = (read: PassAverages, bad: boolean | undefined, batch: number) => {
    notFinite ??= read.notFinite ?? (bad ? batch - 1 : undefined);
    if (notFinite === undefined) report(read.pass, batch, batches);
  };
  const check = () => {
    if (notFinite !== undefined) throw new NotFinite(notFinite);
  };
  if (from.batch === 0) metrics.reset();
  for (let { batch } = from; batch < batches; batch++) {
    await flow.submit((encoder) => encode(encoder, batch));
    await afterBatch?.(batch, seconds);
    check();
    if (batch + 1 === batches) break;
    flow.report(
      () => Promise.all([metrics.read(), isBad?.()]),
      ([read, bad]) => tell(read, bad, batch + 1),
    );
  }
  const last = await flow.wait(metrics.read());
  tell(last, false, batches);
  check();
  return { averages: last.pass, lastStep: last.step, steps: batches, startTime, endTime: Date.now() / 1000 };
}
