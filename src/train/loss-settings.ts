import { SupernetError } from "../errors.ts";
import type { LossConf, TrainerConf } from "./conf.ts";
import type { LossSettings } from "./graphs.ts";

/**
 * The smoothing of a loss section.
 * @throws SupernetError("config") for a loss that is not a cross entropy
 */
export function smoothingOf({ type, smoothing }: LossConf): number {
  if (type === "CrossEntropyLoss") return 0;
  if (type === "CrossEntropyLabelSmooth") return smoothing ?? 0.1;
  throw new SupernetError("config", `lossfn.type is "${type}"; known are CrossEntropyLoss and CrossEntropyLabelSmooth`);
}

export function lossSettings(conf: TrainerConf): LossSettings {
  const { aux_weight: auxWeight, l1_alphas: l1Alphas = 0, reference_quirks: l1Unnumbered = false } = conf;
  return { auxWeight, smoothing: smoothingOf(conf.lossfn), l1Alphas, l1Unnumbered };
}
