import type { ExperimentConf } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import { macroCombinations } from "./macro-combinations.ts";
import type { SearchConf } from "./search-method.ts";
import { costsOf } from "./sweep-row.ts";

/** Whether a search is repeated, over shapes or over seeds. */
export function isSweep({ pareto, search_iters }: Pick<SearchConf, "pareto" | "search_iters">): boolean {
  return pareto.enabled || search_iters > 1;
}

/**
 * Refuses sweeps that could not end well, before anything is trained.
 * @throws SupernetError("config") naming the keys and the remedy
 */
export function checkSweep(conf: ExperimentConf): void {
  const { search, eval: evaluation } = conf.nas;
  if (!isSweep(search)) return;
  costsOf(conf);
  checkShapes(search, evaluation.model_desc.n_reductions);
  checkJudging(search, "post_train", "a sweep compares what it finds by a short training");
  checkFolders(search);
}

/**
 * Refuses bounds between which there is no network.
 * @param evaluated reductions of the evaluation, if they are the same for all networks
 * @throws SupernetError("config")
 */
export function checkShapes(search: SearchConf, evaluated = 0): void {
  const { pareto, model_desc } = search;
  const bounds = [
    ["max_reductions", pareto.max_reductions, "n_reductions", model_desc.n_reductions],
    ["max_cells", pareto.max_cells, "n_cells", model_desc.n_cells],
    ["max_nodes", pareto.max_nodes, "cell.n_nodes", model_desc.cell.n_nodes],
  ] as const;
  for (const [max, most, min, least] of pareto.enabled ? bounds : []) {
    if (most >= least) continue;
    refuse(
      `nas.search.pareto.${max} is ${most}, below where it starts, nas.search.model_desc.${min} ${least}; raise it`,
    );
  }
  const { shapes } = macroCombinations(search);
  if (shapes.length === 0) {
    const needed = 2 * model_desc.n_reductions + 1;
    refuse(`${model_desc.n_reductions} reductions need ${needed} cells; raise nas.search.pareto.max_cells to that`);
  }
  if (evaluated > 0 && shapes.some(({ reductions }) => reductions === 0)) {
    refuse(
      "a network without reductions has no reduction cell for the evaluation to scale up; set " +
        "nas.search.model_desc.n_reductions to 1, or nas.eval.model_desc.n_reductions to 0",
    );
  }
}

/**
 * Refuses a short training that says nothing of the networks it is to judge.
 * @param why it is needed
 * @throws SupernetError("config")
 */
export function checkJudging(search: SearchConf, key: "seed_train" | "post_train", why: string): void {
  const section = search[key];
  if (!section || section.trainer.epochs === 0) refuse(`${why}; set nas.search.${key}.trainer.epochs above 0`);
  if (section.loader.val_ratio === 0) {
    refuse(`${why}, on images kept back from it; set nas.search.${key}.loader.val_ratio above 0`);
  }
  if (section.trainer.validation.freq === 0) {
    refuse(`${why} that is validated; set nas.search.${key}.trainer.validation.freq above 0`);
  }
}

function checkFolders(search: SearchConf): void {
  const { shapes } = macroCombinations(search);
  const varies = (key: "reductions" | "cells" | "nodes") => new Set(shapes.map((shape) => shape[key])).size > 1;
  const needed = [
    ...(["reductions", "cells", "nodes"] as const).filter(varies),
    ...(search.search_iters > 1 ? ["search_iter"] : []),
  ].map((key) => `{${key}}`);
  const missing = needed.filter((key) => !search.metrics_dir.includes(key));
  if (missing.length === 0) return;
  refuse(`nas.search.metrics_dir gives several searches the same folder; put ${missing.join(" and ")} into it`);
}

function refuse(message: string): never {
  throw new SupernetError("config", message);
}
