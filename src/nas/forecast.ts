import type { ExperimentConf } from "../config/index.ts";
import type { Dataset, DatasetConf, DatasetIo } from "../data/dataset.ts";
import { askedOf, datasetNames, loadDataset, loadOnce } from "../data/load.ts";
import { isFactory, type NetworkDesc } from "../desc/network-desc.ts";
import type { BufferRole } from "../runtime/webgpu/buffers.ts";
import { type ChunkedTraining, fitOnPaper, type Paper } from "./chunks.ts";
import type { SearchMethod } from "./search-method.ts";
import { fixedTraining, searchTraining } from "./trainings.ts";

type LoadDataset = (conf: DatasetConf) => Promise<Dataset>;

export interface TrainingOptions {
  /** Paths in it are not expanded. */
  readonly conf: ExperimentConf;
  /** The supernet is searched, or the network is trained by itself. */
  readonly phase: "search" | "eval";
  /** Of a search. */
  readonly method?: SearchMethod | undefined;
  /** As `forecastImages` makes it. */
  readonly load: LoadDataset;
}

export interface ForecastOptions extends TrainingOptions {
  /** Of the device that it is for. */
  readonly paper: Paper;
}

/** GPU memory that a training run takes from its beginning to its end. */
export interface MemoryForecast {
  /** Bytes by what they are for. */
  readonly roles: Readonly<Record<BufferRole, number>>;
  readonly bytes: number;
  readonly buffers: number;
  /** Images a step, and the parts it is cut into. */
  readonly batch: number;
  readonly chunks: number;
}

/**
 * What training this network will allocate, found by setting it up in all its parts on a device of paper. Exact, if the data
 * set on disk is whole.
 *
 * @throws SupernetError as a run of the conf: "config" for impossible settings, "data" for a data set that is not there,
 *   "device" when a tensor is too large
 */
export async function forecastMemory(desc: NetworkDesc, options: ForecastOptions): Promise<MemoryForecast> {
  const { engine, setup, chunks } = await fitOnPaper(await trainingOf(desc, options), options.paper);
  const { liveBytes, liveBuffers } = engine.buffers;
  const { batch } = setup.feeds.sizes;
  return { roles: engine.buffers.bytesByRole(), bytes: liveBytes, buffers: liveBuffers, batch, chunks };
}

/** What the conf trains in a phase. */
export async function trainingOf(desc: NetworkDesc, options: TrainingOptions): Promise<ChunkedTraining> {
  const { conf, phase, method } = options;
  const { search, eval: evaluation } = conf.nas;
  const dataset = await options.load(conf.nas[phase].loader.dataset);
  const common = { dataset, seed: 0 };
  if (phase === "eval") return fixedTraining(desc, "nas.eval.trainer", { ...common, ...evaluation });
  if (!method || isFactory(desc)) throw new Error("the forecast of a search needs its method and its supernet");
  return searchTraining(desc, { ...common, method, conf: search });
}

/**
 * Loads data sets as far as a forecast needs them, each once: only imported ones are read.
 * @param load reads those
 */
export function forecastImages(load: LoadDataset): LoadDataset {
  return loadOnce((conf) => (datasetNames.includes(conf.name) ? blankDataset : load)(conf), askedOf);
}

/** Bytes of each of CIFAR-10's files: 10,000 records of a label and 32x32 pixels. */
const CIFAR_FILE = 10_000 * (1 + 3 * 32 * 32);

/** A data set of the size it has when it is whole; nothing is read, and images that are not drawn are black. */
function blankDataset(conf: DatasetConf) {
  const io: DatasetIo = {
    exists: async (path) => path.endsWith(".bin"),
    read: async () => new Uint8Array(CIFAR_FILE),
  };
  return loadDataset({ ...conf, dataroot: "nowhere" }, io);
}
