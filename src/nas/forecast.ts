import type { ExperimentConf } from "../config/index.ts";
import type { Dataset, DatasetConf, DatasetIo } from "../data/dataset.ts";
import { datasetNames, loadDataset } from "../data/load.ts";
import { isFactory, type NetworkDesc } from "../desc/network-desc.ts";
import type { BufferRole } from "../runtime/webgpu/buffers.ts";
import { Engine } from "../runtime/webgpu/engine.ts";
import { paperDevice } from "../runtime/webgpu/paper-device.ts";
import type { SearchMethod } from "./algorithm.ts";
import { createTrainer, setUpFixed, setUpSearch, type TrainingSetup } from "./training-setup.ts";

export interface ForecastOptions {
  /** Paths in it are not expanded. */
  readonly conf: ExperimentConf;
  /** The supernet is searched, or the network is trained by itself. */
  readonly phase: "search" | "eval";
  /** Which adapters it is for. */
  readonly kind: "gpu" | "software";
  /** Of a search. */
  readonly method?: SearchMethod | undefined;
  /** Reads an imported data set; those that need no import are not read. */
  readonly load: (conf: DatasetConf) => Promise<Dataset>;
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
  const engine = new Engine(paperDevice(options.kind));
  const setup = await setUp(desc, engine, options);
  const { feeds } = setup;
  await createTrainer(setup);
  const { liveBytes, liveBuffers } = engine.buffers;
  const { batch } = feeds.sizes;
  return {
    roles: engine.buffers.bytesByRole(),
    bytes: liveBytes,
    buffers: liveBuffers,
    batch,
    chunks: feeds.train.chunks,
  };
}

async function setUp(desc: NetworkDesc, engine: Engine, options: ForecastOptions): Promise<TrainingSetup> {
  const { conf, phase, method } = options;
  const { search, eval: evaluation } = conf.nas;
  const dataset = await forecastImages(conf.nas[phase].loader.dataset, options.load);
  const common = { engine, dataset, seed: 0 };
  if (phase === "search") {
    if (!method || isFactory(desc)) throw new Error("the forecast of a search needs its method and its supernet");
    return setUpSearch(desc, { ...common, method, conf: search });
  }
  return setUpFixed(desc, { ...common, trainer: evaluation.trainer, loader: evaluation.loader });
}

/** The data set of a conf as far as a forecast needs it: only an imported one is read. */
export function forecastImages(conf: DatasetConf, load: ForecastOptions["load"]): Promise<Dataset> {
  return (datasetNames.includes(conf.name) ? blankDataset : load)(conf);
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
