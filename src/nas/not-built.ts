import type { ExperimentConf } from "../config/index.ts";
import { SupernetError } from "../errors.ts";

/**
 * Refuses what would yield another result than the conf asks for, and names what is only missing.
 *
 * @returns sentences for the log and the user
 * @throws SupernetError("config") naming the key and the value to set
 */
export function checkBuilt({ common, nas }: ExperimentConf, phase: "search" | "eval"): string[] {
  const refuse = (key: string, what: string, instead: string) => {
    throw new SupernetError("config", `${key} asks for ${what}, which is not built yet; set it to ${instead}`);
  };
  const { eval: evaluation } = nas;
  const section = nas[phase];
  if (section.loader.aug) refuse(`nas.${phase}.loader.aug`, `the augmentation policy "${section.loader.aug}"`, '""');
  const missing: string[] = [];
  if (phase === "eval" && evaluation.model_factory_spec) {
    const { drop_path_prob, aux_weight } = evaluation.trainer;
    const none = (key: string, what: string) =>
      missing.push(`nas.eval.trainer.${key} has no effect: a hand-written network has no ${what}`);
    if (drop_path_prob > 0) none("drop_path_prob", "edges to drop");
    if (aux_weight > 0) none("aux_weight", "aux tower");
  }
  if (common.tb_enable) missing.push("common.tb_enable has no effect yet: no TensorBoard events are written");
  if (section.loader.val_fold) missing.push("loader.val_fold has no effect: the split is drawn from the seed");
  return missing;
}
