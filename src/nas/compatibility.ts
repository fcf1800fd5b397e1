import type { ExperimentConf } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import type { Algorithm } from "./algorithm.ts";
import { checkSweep } from "./sweep-check.ts";

/**
 * Refuses what an algorithm cannot do, before anything is read or trained.
 * @throws SupernetError("config") naming the key and the values that work
 */
export function checkAlgorithm({ name, finalizers, method, check }: Algorithm, conf: ExperimentConf): void {
  const { finalizer } = conf.nas.search;
  if (!finalizers.includes(finalizer)) {
    const known = `set nas.search.finalizer to ${finalizers.join(" or ")}`;
    throw new SupernetError("config", `${name} has no finalizer "${finalizer}"; ${known}`);
  }
  if (method) checkSweep(conf);
  check?.(conf);
}
