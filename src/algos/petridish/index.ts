import type { ExperimentConf } from "../../config/index.ts";
import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";
import { checkJudging, checkShapes } from "../../nas/sweep-check.ts";
import { evaluatePetridish, scaledByCells } from "./evaluate.ts";
import { candidateMethod } from "./method.ts";
import { searchPetridish } from "./search.ts";

/** Petridish: efficient forward architecture search (Hu et al. 2019, arXiv:1905.13360). */
export const petridish: Algorithm = {
  name: "petridish",
  finalizers: ["default"],
  check,
  method: candidateMethod,
  search: searchPetridish,
  evaluated: scaledByCells,
  evaluate: evaluatePetridish,
};

function check({ nas }: ExperimentConf): void {
  const { search, eval: evaluation } = nas;
  const joins = { search: search.model_desc.cell.cell_post_op, eval: evaluation.model_desc.cell.cell_post_op };
  for (const [phase, join] of Object.entries(joins)) {
    if (join === "proj_channels") continue;
    const key = `nas.${phase}.model_desc.cell.cell_post_op`;
    throw new SupernetError(
      "config",
      `${key} is "${join}", but petridish adds nodes to cells whose channels stay; set it to proj_channels`,
    );
  }
  checkShapes(search);
  for (const key of ["seed_train", "post_train"] as const) {
    checkJudging(search, key, "petridish compares networks by a short training");
    const probability = search[key]?.trainer.drop_path_prob ?? 0;
    if (probability === 0) continue;
    throw new SupernetError(
      "config",
      `nas.search.${key}.trainer.drop_path_prob is ${probability}, but petridish hands the weights on to networks without drop path; set it to 0`,
    );
  }
}
