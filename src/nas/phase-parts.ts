import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Logger } from "../log/logger.ts";
import type { Environment } from "./environment.ts";
import type { Executor } from "./executor.ts";
import type { Keeping } from "./keeping.ts";

/** What every search and every evaluation has at hand. */
export interface PhaseParts {
  readonly environment: Environment;
  /** Paths in it are expanded. */
  readonly conf: ExperimentConf;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly logger: Logger;
  /** How trainings are kept while they run; absent where they are not. */
  readonly keeping?: Keeping | undefined;
  /** Trains networks that do not depend on each other. */
  readonly executor: Executor;
}
