import type { Split } from "../dataset.ts";
import { collectCifar10, isCifar10 } from "./cifar10-files.ts";
import { type Collected, type CollectedImage, checkImages, collectImages } from "./collect.ts";
import type { ImportHost } from "./decode-all.ts";
import { channelStatistics, type OwnDataset } from "./own-dataset.ts";
import { packDataset } from "./pack.ts";
import { datasetReport } from "./report.ts";
import { type ImportSettings, importSettings } from "./request.ts";
import { openSources } from "./sources.ts";
import { splitImages } from "./split.ts";
import type { DatasetReport, ImportRequest } from "./types.ts";

/**
 * Makes a data set of a user's files: class folders of images, or CIFAR-10's binary files, as they are or in one archive.
 * Files that are no images are left out with a reason; what comes out depends on nothing but the files and their paths.
 *
 * @returns the file to keep (`packDataset`), and what it holds
 * @throws SupernetError("data") for a request that cannot be, an archive that cannot be opened, and images that make no
 *   data set; the signal's reason when it is aborted
 */
export async function importImages(
  request: ImportRequest,
  host: ImportHost,
): Promise<{ dataset: Uint8Array<ArrayBuffer>; report: DatasetReport }> {
  const settings = importSettings(request);
  host.signal?.throwIfAborted();
  const sources = await openSources(request);
  const collected = isCifar10(sources)
    ? await collectCifar10(sources, settings)
    : await collectImages(sources, settings, host);
  host.signal?.throwIfAborted();
  const dataset = arrange(collected, settings);
  return { dataset: packDataset(dataset), report: datasetReport(dataset) };
}

function arrange(collected: Collected, { name, size, testShare }: ImportSettings): OwnDataset {
  checkImages(collected, size);
  const { classes, place, images, skipped } = collected;
  const parts = splitImages(images, { classes, place, name, testShare });
  const train = gather(images, parts.train);
  const test = gather(images, parts.test);
  return { name, classes, size, channels: 3, ...channelStatistics(train.images, 3), train, test, skipped };
}

function gather(all: readonly CollectedImage[], chosen: readonly number[]): Split {
  const imageBytes = all[0]!.pixels.length;
  const images = new Uint8Array(chosen.length * imageBytes);
  for (const [i, image] of chosen.entries()) images.set(all[image]!.pixels, i * imageBytes);
  return { images, labels: Uint32Array.from(chosen, (image) => all[image]!.label), count: chosen.length };
}
