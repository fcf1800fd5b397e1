import type { ExperimentConf } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import { factoryName } from "../models/spec.ts";
import { type Algorithm, searches } from "./algorithm.ts";
import { checkSweep } from "./sweep-check.ts";

/**
 * Refuses what an algorithm cannot do, before anything is read or trained.
 * @throws SupernetError("config") naming the key and the values that work
 */
export function checkAlgorithm(algorithm: Algorithm, conf: ExperimentConf): void {
  const { name, finalizers, method, search, check } = algorithm;
  const { finalizer } = conf.nas.search;
  if (searches(algorithm) && !finalizers.includes(finalizer)) {
    const known = `set nas.search.finalizer to ${finalizers.join(" or ")}`;
    throw new SupernetError("config", `${name} has no finalizer "${finalizer}"; ${known}`);
  }
  const { model_factory_spec: spec } = conf.nas.eval;
  if (spec) factoryName(spec);
  // A search of its own makes what it likes of the conf's sizes.
  if (method && !search) checkSweep(conf);
  check?.(conf);
}
