import { type ExperimentConf, loadConfig, parseExperimentConf } from "../src/config/index.ts";
import { readText } from "../src/host/node/files.ts";

/** Values by conf path as words of a command line. */
export const overrideArgs = (values: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(values).flatMap(([path, value]) => [`--${path}`, String(value)]);

/** The toy confs of an algorithm and a data set, checked. @param overrides values by conf path */
export async function toyConf(
  algo: string,
  overrides: Readonly<Record<string, unknown>> = {},
  dataset = "shapes",
): Promise<ExperimentConf> {
  const loaded = await loadConfig(`confs/algos/${algo}_toy.yaml;confs/datasets/${dataset}_toy.yaml`, {
    files: { read: readText },
    args: overrideArgs(overrides),
  });
  return parseExperimentConf(loaded.tree, loaded.places);
}
