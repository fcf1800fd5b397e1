import { datasetNames as builtIn } from "../data/load.ts";
import { SupernetError } from "../errors.ts";
import type { Host } from "./host.ts";
import type { SupernetApi } from "./protocol.ts";

/** The data sets that a run may name. */
export async function datasetNames(_host: Host): Promise<readonly string[]> {
  return builtIn;
}

type DatasetMethods = Pick<SupernetApi, "datasets" | "importDataset" | "importedDatasets" | "removeDataset">;

/** The API's methods that are about data sets. */
export const datasetMethods = (host: Host): DatasetMethods => ({
  datasets: () => datasetNames(host),
  importDataset: async () => notAvailable(),
  importedDatasets: async () => [],
  removeDataset: async () => notAvailable(),
});

function notAvailable(): never {
  throw new SupernetError("data", "importing images is not available yet: use one of the data sets that are there");
}
