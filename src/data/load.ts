import { SupernetError } from "../errors.ts";
import { loadCifar10 } from "./cifar10.ts";
import type { Dataset, DatasetConf, DatasetIo, DatasetProvider } from "./dataset.ts";
import { loadShapes } from "./shapes.ts";

const providers: Readonly<Record<string, DatasetProvider>> = {
  cifar10: loadCifar10,
  shapes: loadShapes,
};

/** The names that a conf's `dataset.name` may have. */
export const datasetNames: readonly string[] = Object.keys(providers);

/**
 * Loads the data set that a conf names.
 *
 * @throws SupernetError("data") for an unknown name, for missing or damaged files, and where the conf's `n_classes` or
 *   `channels` contradict the data
 */
export async function loadDataset(conf: DatasetConf, io: DatasetIo): Promise<Dataset> {
  const provider = Object.hasOwn(providers, conf.name) ? providers[conf.name] : undefined;
  if (!provider) {
    throw new SupernetError("data", `dataset.name: no data set '${conf.name}'; there are ${datasetNames.join(", ")}`);
  }
  const dataset = await provider(conf, io);
  agree("n_classes", conf.n_classes, dataset.classes.length, dataset);
  agree("channels", conf.channels, dataset.channels, dataset);
  return dataset;
}

function agree(key: string, asked: number | undefined, found: number, dataset: Dataset): void {
  if (asked !== undefined && asked !== found) {
    throw new SupernetError(
      "data",
      `dataset.${key} is ${asked}, but data set '${dataset.name}' has ${found}; set dataset.${key} to ${found}`,
    );
  }
}
