import { paretoPlot } from "../report/pareto-plot.ts";
import { sweepReport, sweepTsv } from "../report/sweep.ts";
import type { SweepRow } from "../report/sweep-row.ts";
import { macroCombinations, shapeName } from "./macro-combinations.ts";
import type { PhaseParts } from "./phase-parts.ts";
import type { Search, SearchResult } from "./search.ts";
import { isSweep } from "./sweep-check.ts";
import { type FinishedJob, forgetJob, jobState, readJob, runJob, type SweepJob, sweepJobs } from "./sweep-job.ts";
import { costsOf, markRows } from "./sweep-row.ts";

/**
 * The search, or where the conf asks for it a sweep: one search for every shape of `nas.search.pareto`, each
 * `nas.search.search_iters` times with other seeds. What is found is the most accurate after a short training.
 */
export function sweeping(search: Search): Search {
  return (parts) => (isSweep(parts.conf.nas.search) ? searchCombinations(search, parts) : search(parts));
}

/**
 * Archai's SearchCombinations. Each search has a folder (`nas.search.metrics_dir`) with all that is known of it; a sweep that
 * was interrupted goes on after the last search that had ended when it is started again with `nas.search.resume`. Beside the
 * summary (`nas.search.pareto.summary_filename`) there is a plot of it, an SVG file.
 *
 * Archai's search iterations come from algorithms that grow a network from one to the next (Petridish, which has a search of
 * its own). For all others each iteration would repeat the one before, so it gets another seed instead. `seed_train` is theirs
 * too: Archai reads it nowhere else.
 */
async function searchCombinations(search: Search, parts: PhaseParts): Promise<SearchResult> {
  tellSkipped(parts);
  const jobs = sweepJobs(parts);
  if (!parts.conf.nas.search.resume) await Promise.all(jobs.map(forgetJob));
  const done: { readonly job: SweepJob; readonly finished: FinishedJob }[] = [];
  let rows: SweepRow[] = [];
  for (const job of jobs) {
    done.push({ job, finished: await finish(search, job, parts) });
    const places = done.map((one) => ({ ...one.job.place, ...one.finished.figures }));
    rows = markRows(places, costsOf(parts.conf));
    await writeSummary(rows, parts);
  }
  const best = done[rows.findIndex(({ found }) => found)]!;
  await copyFound(best.job, best.finished, parts);
  return { ...best.finished.result, report: sweepReport(rows, costsOf(parts.conf)) };
}

async function finish(search: Search, job: SweepJob, { conf, environment, logger }: PhaseParts): Promise<FinishedJob> {
  const { name } = job;
  logger.pushd(name);
  const state = conf.nas.search.resume ? await jobState(job) : "open";
  if (typeof state === "object") {
    const message = `${name} is searched again: ${state.changed}`;
    logger.warn(message);
    environment.onWarning?.(message);
  }
  if (state !== "done") await runJob(search, job);
  // Read back also where it was written just now, so that a sweep that was interrupted ends like any other.
  const finished = await readJob(job);
  if (state === "done") logger.replay(finished.log);
  const { val, params, macs, inference } = finished.figures;
  logger.info({ val_top1: val.top1, params, macs, inference_duration: inference.seconds });
  logger.popd();
  return finished;
}

function tellSkipped({ conf, environment, logger }: PhaseParts): void {
  const { skipped } = macroCombinations(conf.nas.search);
  if (skipped.length === 0) return;
  const message = `left out, having too few cells for their reductions: ${skipped.map(shapeName).join(", ")}`;
  logger.warn(message);
  environment.onWarning?.(message);
}

async function writeSummary(rows: readonly SweepRow[], { conf, environment }: PhaseParts): Promise<void> {
  const { summary_filename } = conf.nas.search.pareto;
  const [cost = "macs"] = costsOf(conf);
  await environment.writeFile(summary_filename, sweepTsv(rows));
  await environment.writeFile(`${summary_filename.replace(/\.[^./]*$/, "")}.svg`, paretoPlot(rows, cost));
}

/** Puts what was found where a search alone would. */
async function copyFound(
  { folder }: SweepJob,
  { result }: FinishedJob,
  { conf, environment }: PhaseParts,
): Promise<void> {
  const { final_desc_filename, full_desc_filename } = conf.nas.search;
  const copy = async (name: string, to: string) =>
    environment.writeFile(to, await environment.readText(`${folder}/${name}`));
  await copy("final_model_desc.yaml", final_desc_filename);
  await copy("full_model_desc.yaml", full_desc_filename);
  const metrics = "search_train_metrics.yaml";
  if (result.supernet) await copy(metrics, final_desc_filename.replace(/[^/]*$/, metrics));
}
