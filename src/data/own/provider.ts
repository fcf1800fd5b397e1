import { SupernetError } from "../../errors.ts";
import type { Dataset, DatasetConf, DatasetIo } from "../dataset.ts";
import { type OwnDataset, ownDatasetPath } from "./own-dataset.ts";
import { unpackDataset } from "./pack.ts";

/**
 * Reads an imported data set, `<dataroot>/<name>.supernet`; undefined where there is none.
 *
 * @throws SupernetError("data") for a file that is damaged or that holds another data set
 */
export async function readOwn(name: string, dataroot: string, io: DatasetIo): Promise<OwnDataset | undefined> {
  const path = ownDatasetPath(dataroot, name);
  if (!(await io.exists(path))) return undefined;
  const own = unpackDataset(await io.read(path), path);
  if (own.name !== name) {
    throw new SupernetError(
      "data",
      `${path} holds the data set '${own.name}'; rename the file to ${own.name}.supernet or set dataset.name`,
    );
  }
  return own;
}

/**
 * An imported data set as the trainer sees it; undefined where there is none.
 *
 * @throws as `readOwn`
 */
export async function loadOwn({ name, dataroot }: DatasetConf, io: DatasetIo): Promise<Dataset | undefined> {
  if (!dataroot) return undefined;
  const own = await readOwn(name, dataroot, io);
  if (!own) return undefined;
  const { classes, channels, size, mean, std, train, test } = own;
  return {
    name,
    classes: [...classes],
    channels,
    height: size,
    width: size,
    mean: [...mean],
    std: [...std],
    // As for CIFAR-10, in proportion.
    trainTransform: { pad: Math.round(size / 8), flip: true },
    train,
    test,
    source: `${ownDatasetPath(dataroot, name)}: ${train.count} training images, ${test.count} test images`,
  };
}
