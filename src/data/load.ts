import { nearestName } from "../config/nearest.ts";
import { SupernetError } from "../errors.ts";
import { loadCifar10 } from "./cifar10.ts";
import type { Dataset, DatasetConf, DatasetIo, DatasetProvider } from "./dataset.ts";
import { ownDatasetPath } from "./own/own-dataset.ts";
import { loadOwn } from "./own/provider.ts";
import { loadShapes } from "./shapes.ts";

const providers: Readonly<Record<string, DatasetProvider>> = {
  cifar10: loadCifar10,
  shapes: loadShapes,
};

/** The names of the data sets that need no import. */
export const datasetNames: readonly string[] = Object.keys(providers);

/**
 * Loads the data set that a conf names: a built-in one, or one imported into the data root.
 *
 * @throws SupernetError("data") for an unknown name, for missing or damaged files, and where the conf's `n_classes` or
 *   `channels` contradict the data
 */
export async function loadDataset(conf: DatasetConf, io: DatasetIo): Promise<Dataset> {
  const provider = Object.hasOwn(providers, conf.name) ? providers[conf.name]! : loadOwn;
  const dataset = await provider(conf, io);
  if (!dataset) throw unknownName(conf);
  agree("n_classes", conf.n_classes, dataset.classes.length, dataset);
  agree("channels", conf.channels, dataset.channels, dataset);
  return dataset;
}

/**
 * Loads every data set once.
 * @param keyOf what tells the data sets of confs apart
 */
export function loadOnce<C>(load: (conf: C) => Promise<Dataset>, keyOf: (conf: C) => readonly unknown[]) {
  const known = new Map<string, Dataset>();
  return async (conf: C): Promise<Dataset> => {
    const key = JSON.stringify(keyOf(conf));
    const dataset = known.get(key) ?? (await load(conf));
    known.set(key, dataset);
    return dataset;
  };
}

/** What of a conf says which images a data set has. */
export const imagesOf = ({ name, dataroot, train_size, test_size, seed }: DatasetConf) =>
  [name, dataroot, train_size, test_size, seed] as const;

/** The same, and what of it is checked against them: confs that say something else about the same images. */
export const askedOf = (conf: DatasetConf) => [...imagesOf(conf), conf.n_classes, conf.channels] as const;

function unknownName({ name, dataroot }: DatasetConf): SupernetError {
  const nearest = nearestName(name, datasetNames);
  const known = nearest === undefined ? `there are ${datasetNames.join(", ")}` : `did you mean '${nearest}'?`;
  const imported = dataroot ? ` An imported one would be ${ownDatasetPath(dataroot, name)}, which is not there.` : "";
  return new SupernetError("data", `dataset.name: no data set '${name}'; ${known}${imported}`);
}

function agree(key: string, asked: number | undefined, found: number, dataset: Dataset): void {
  if (asked !== undefined && asked !== found) {
    throw new SupernetError(
      "data",
      `dataset.${key} is ${asked}, but data set '${dataset.name}' has ${found}; set dataset.${key} to ${found}`,
    );
  }
}
