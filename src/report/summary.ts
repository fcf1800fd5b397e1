import type { NetworkDesc } from "../desc/network-desc.ts";
import { modelStats, type StatsOptions } from "../models/stats.ts";
import { bestEpochs, type PassRecord, type RunRecord } from "../train/metrics.ts";
import { grouped, inPercent } from "./table.ts";

const percent = (share: number) => `${inPercent(share)} %`;

/**
 * A training run in two lines: how good its last epoch was on unseen images, and how long it took.
 * @param data what it was validated on, such as "test"
 */
export function runSummary({ epochs, startTime, endTime }: RunRecord, data: string): string {
  const last = epochs.at(-1);
  const time = duration(endTime - startTime);
  if (!last) return `trained no epoch, ${time}`;
  const best = bestEpochs(epochs).val;
  // With validation every few epochs the last epoch may have none.
  const validated = epochs.findLastIndex(({ val }) => val);
  const val = epochs[validated]?.val;
  const when = val && validated < epochs.length - 1 ? ` after epoch ${validated + 1}` : "";
  const better = best && val && best.top1 > val.averages.top1;
  const peak = better ? ` (best: ${percent(best.top1)} after epoch ${best.epoch + 1})` : "";
  const { top1, loss } = last.train.averages;
  const count = `${epochs.length} ${epochs.length === 1 ? "epoch" : "epochs"}`;
  return [
    val ? `${validation(data, val)}${when}${peak}` : `no ${data} figures`,
    `train top1 ${percent(top1)}, loss ${loss.toFixed(4)}, ${count}, ${time}`,
  ].join("\n");
}

function validation(data: string, { averages: { top1, top5, loss } }: PassRecord): string {
  return `${data} top1 ${percent(top1)}, top5 ${percent(top5)}, loss ${loss.toFixed(4)}`;
}

/**
 * What a network costs, in a line.
 * @throws SupernetError as `modelStats`
 */
export function costSummary(desc: NetworkDesc, options: StatsOptions): string {
  const { params, auxParams, macs } = modelStats(desc, options);
  const aux = auxParams > 0 ? ` (${grouped(auxParams)} of them in the aux tower)` : "";
  const { height, width } = options;
  return `${grouped(params)} parameters${aux}, ${grouped(macs)} multiply-adds per ${height}x${width} image`;
}

/** `45.1 s`, `12 min 5 s`, `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds) % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
