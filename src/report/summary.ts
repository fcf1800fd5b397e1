import { bestEpochs, type RunRecord } from "../train/metrics.ts";

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

/**
 * A training run in two lines: how good its last epoch was on unseen images, and how long it took.
 * @param data what it was validated on, such as "test"
 */
export function runSummary({ epochs, startTime, endTime }: RunRecord, data: string): string {
  const last = epochs.at(-1);
  const seconds = (endTime - startTime).toFixed(1);
  if (!last) return `trained no epoch, ${seconds} s`;
  const best = bestEpochs(epochs).val;
  const train = `train top1 ${percent(last.train.averages.top1)}, loss ${last.train.averages.loss.toFixed(4)}`;
  const val = last.val
    ? `${data} top1 ${percent(last.val.averages.top1)}, top5 ${percent(last.val.averages.top5)}, loss ${last.val.averages.loss.toFixed(4)}`
    : `no ${data} figures`;
  const peak = best ? ` (best epoch ${best.epoch}: ${percent(best.top1)})` : "";
  return `${val}${peak}\n${train}, ${epochs.length} epochs, ${seconds} s`;
}
