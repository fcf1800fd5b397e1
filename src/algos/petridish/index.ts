import type { ExperimentConf } from "../../config/index.ts";
import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";
import { macroCombinations } from "../../nas/macro-combinations.ts";
import { evaluatePetridish } from "./evaluate.ts";
import { candidateMethod } from "./method.ts";
import { searchPetridish } from "./search.ts";

/** Petridish: efficient forward architecture search (Hu et al. 2019, arXiv:1905.13360). */
export const petridish: Algorithm = {
  name: "petridish",
  finalizers: ["default"],
  check,
  method: candidateMethod,
  search: searchPetridish,
  evaluate: evaluatePetridish,
};

function check({ nas }: ExperimentConf): void {
  const { search, eval: evaluation } = nas;
  const refuse = (key: string, value: unknown, why: string) => {
    throw new SupernetError("config", `nas.${key} is ${value}, but ${why}`);
  };
  const cells = { "search.model_desc": search.model_desc, "eval.model_desc": evaluation.model_desc };
  for (const [key, { cell }] of Object.entries(cells)) {
    if (cell.cell_post_op === "proj_channels") continue;
    refuse(
      `${key}.cell.cell_post_op`,
      `"${cell.cell_post_op}"`,
      'petridish adds nodes to cells: set it to "proj_channels"',
    );
  }
  for (const key of ["seed_train", "post_train"] as const) {
    const section = search[key];
    if (!section)
      throw new SupernetError("config", `petridish needs the section nas.search.${key}; see petridish.yaml`);
    const { trainer, loader } = section;
    if (trainer.epochs === 0)
      refuse(`search.${key}.trainer.epochs`, 0, "petridish compares what it has trained: set it above 0");
    if (!trainer.validation?.freq)
      refuse(`search.${key}.trainer.validation.freq`, 0, "petridish compares networks by it: set it above 0");
    if (loader.val_ratio === 0)
      refuse(`search.${key}.loader.val_ratio`, 0, "networks are compared on these images: set it above 0");
    if (trainer.drop_path_prob > 0) {
      refuse(
        `search.${key}.trainer.drop_path_prob`,
        trainer.drop_path_prob,
        "weights are handed on to networks without drop path: set it to 0",
      );
    }
  }
  if (macroCombinations(search).shapes.length === 0) {
    throw new SupernetError(
      "config",
      "no seed can be built: the largest nas.search.pareto.max_cells has too few cells for nas.search.model_desc.n_reductions; raise it",
    );
  }
}
