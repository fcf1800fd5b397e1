import type { ExperimentConf } from "../../../src/config/index.ts";
import { toyConf } from "../../toy-conf.ts";

/** DARTS's toy conf on shapes with some values by their paths. */
export const sweepConf = (...values: readonly [string, unknown][]): Promise<ExperimentConf> =>
  toyConf("darts", Object.fromEntries(values));
