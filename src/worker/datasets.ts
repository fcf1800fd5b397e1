import { expandPath } from "../config/index.ts";
import type { Dataset, DatasetConf } from "../data/dataset.ts";
import { askedOf, datasetNames as builtIn, loadDataset, loadOnce } from "../data/load.ts";
import { importImages } from "../data/own/import.ts";
import { ownDatasetPath } from "../data/own/own-dataset.ts";
import { readOwn } from "../data/own/provider.ts";
import { datasetReport } from "../data/own/report.ts";
import type { DatasetReport, ImportRequest } from "../data/own/types.ts";
import { SupernetError } from "../errors.ts";
import type { Host } from "./host.ts";
import { Outbox } from "./outbox.ts";
import type { SupernetApi } from "./protocol.ts";

/** Where imported data sets go. */
const dataRoot = ({ variables }: Host) => expandPath("$default_dataroot", variables);

/** The data sets that a run may name: those that need no import, then those that were imported. */
export async function datasetNames(host: Host): Promise<readonly string[]> {
  return [...builtIn, ...(await importedNames(host))];
}

/** Names of data set files as an import writes them; others' files in the data root are passed over. */
const FILE = /^([a-z0-9][a-z0-9_-]*)\.supernet$/;

async function importedNames(host: Host): Promise<string[]> {
  // Not what lies deeper: people keep millions of images there.
  const files = await host.files.list(dataRoot(host), { recursive: false });
  return files.flatMap(({ path }) => FILE.exec(path)?.[1] ?? []).filter((name) => !builtIn.includes(name));
}

/** Loads the data sets of confs whose paths are not expanded, each once. @throws as `loadDataset` */
export function datasetLoader({ variables, datasets }: Host): (conf: DatasetConf) => Promise<Dataset> {
  const load = ({ dataroot, ...rest }: DatasetConf) =>
    loadDataset({ ...rest, dataroot: dataroot && expandPath(dataroot, variables) }, datasets);
  return loadOnce(load, askedOf);
}

type DatasetMethods = Pick<SupernetApi, "datasets" | "importDataset" | "importedDatasets" | "removeDataset">;

/** The API's methods that are about data sets. Runs are not disturbed: they hold their images in memory. */
export const datasetMethods = (host: Host): DatasetMethods => ({
  datasets: () => datasetNames(host),
  importDataset: (request, onProgress) => importDataset(request, onProgress, host),
  importedDatasets: () => importedDatasets(host),
  removeDataset: (name) => removeDataset(name, host),
});

/** One that is there by that name stays until the new one is whole. */
async function importDataset(
  request: ImportRequest,
  onProgress: (done: number, total: number) => void,
  host: Host,
): Promise<DatasetReport> {
  const progress = new Outbox(onProgress);
  const { decode, concurrency, dispose } = host.decoder();
  try {
    const told = { onProgress: (done: number, total: number) => progress.send(done, total) };
    const { dataset, report } = await importImages(request, { decode, concurrency, ...told });
    await host.files.writeFile(ownDatasetPath(dataRoot(host), report.name), dataset);
    return report;
  } finally {
    dispose();
    await progress.close();
  }
}

/** What there is to know of imported data sets. Damaged ones are left out: whoever runs on them is told. */
async function importedDatasets(host: Host): Promise<DatasetReport[]> {
  const reports: DatasetReport[] = [];
  // One after another: each may take hundreds of megabytes.
  for (const name of await importedNames(host)) {
    try {
      const own = await readOwn(name, dataRoot(host), host.datasets);
      if (own) reports.push(datasetReport(own));
    } catch (error) {
      if (!(error instanceof SupernetError)) throw error;
    }
  }
  return reports;
}

async function removeDataset(name: string, host: Host): Promise<void> {
  if (!(await importedNames(host)).includes(name)) {
    throw new SupernetError(
      "data",
      `there is no imported data set "${name}"; importedDatasets() lists those that are kept`,
    );
  }
  await host.files.remove(ownDatasetPath(dataRoot(host), name));
}
