import { type ExperimentConf, loadConfig, parseExperimentConf } from "../../../src/config/index.ts";
import { readText } from "../../../src/host/node/files.ts";

/** DARTS's toy conf on shapes with some values by their paths. */
export async function sweepConf(...values: readonly [string, unknown][]): Promise<ExperimentConf> {
  const { tree, places } = await loadConfig("confs/algos/darts_toy.yaml;confs/datasets/shapes_toy.yaml", {
    files: { read: readText },
    args: values.flatMap(([path, value]) => [`--${path}`, String(value)]),
  });
  return parseExperimentConf(tree, places);
}
