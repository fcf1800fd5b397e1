export { ConfError, type ConfIssue } from "./errors.ts";
export { expandPath, expandVars, type Variables } from "./expand.ts";
export { type ConfKey, experimentKeys } from "./keys.ts";
export { type LoadedConf, type LoadOptions, loadConfig } from "./load.ts";
export { toJson, toYaml } from "./print.ts";
export type { ExperimentConf } from "./schema/experiment.ts";
export type { Conf, ConfScalar, ConfValue, FileReader, Place, Places, Position } from "./types.ts";
export { isExperimentConf, parseExperimentConf, validateConf } from "./validate.ts";
