import type { ExperimentConf } from "../config/index.ts";
import type { ModelDescBuilder } from "../desc/builder.ts";
import type { Feed } from "../train/feed.ts";
import type { StepHookFactory } from "../train/trainer.ts";
import type { TrainedRole } from "../train/weight-update.ts";
import type { SelectEdges } from "./finalizers.ts";

export type SearchConf = ExperimentConf["nas"]["search"];

/** What is different about one search algorithm; everything else is the same pipeline. */
export interface Algorithm {
  readonly name: string;
  /** Builds the network that is searched. */
  readonly builder: () => ModelDescBuilder;
  /** What the main optimizer moves. */
  readonly roles: (conf: SearchConf) => readonly TrainedRole[];
  /** What happens before each weight step. @param val batches to drive the alphas with */
  readonly hook?: (conf: SearchConf, val: Feed) => StepHookFactory;
  /** Chooses the final edges by `finalizer` of the conf. @throws SupernetError("config") for one it does not have */
  readonly finalizer: (conf: SearchConf, seed: number) => SelectEdges;
}
