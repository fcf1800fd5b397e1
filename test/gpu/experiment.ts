import { findAlgorithm } from "../../src/algos/index.ts";
import { nodeDatasetIo } from "../../src/host/node/dataset-io.ts";
import { checkAlgorithm } from "../../src/nas/compatibility.ts";
import { onlyEngine } from "../../src/nas/engine-source.ts";
import { engineTrainers } from "../../src/nas/engine-trainers.ts";
import type { Environment } from "../../src/nas/environment.ts";
import { ExperimentRunner } from "../../src/nas/experiment-runner.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { toyConf } from "../toy-conf.ts";

/** Files of an experiment by path. */
export type Files = Map<string, string | Uint8Array>;

/** The outside world of an experiment, with its files in memory. */
export function memoryEnvironment(engine: Engine, files: Files): Environment {
  return {
    trainers: engineTrainers(onlyEngine(engine)),
    datasets: nodeDatasetIo,
    writeFile: async (path, data) => void files.set(path, data),
    readText: async (path) => String(files.get(path)),
    readBytes: async (path) => Uint8Array.from(files.get(path) as Uint8Array),
    remove: async (path) => {
      for (const name of files.keys()) if (name === path || name.startsWith(`${path}/`)) files.delete(name);
    },
    listFiles: async (folder) =>
      [...files.keys()]
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1))
        .filter((name) => !name.includes("/"))
        .sort(),
    logSink: (folder) => ({
      writeText: async (name, text) => void files.set(`${folder}/${name}`, text),
      appendText: async (name, text) =>
        void files.set(`${folder}/${name}`, `${files.get(`${folder}/${name}`) ?? ""}${text}`),
    }),
  };
}

/** What is not as in every experiment: files that are there before, and parts of the outside world. */
interface World extends Partial<Environment> {
  readonly files?: Files;
}

/**
 * The toy confs of an algorithm and a data set that needs no files, ready to run.
 * @param overrides values by conf path
 * @param onSearchEpoch who watches the search
 */
export async function toyExperiment(
  engine: Engine,
  algo: string,
  overrides: Readonly<Record<string, unknown>> = {},
  dataset = "shapes",
  { files = new Map(), ...more }: World = {},
): Promise<{ runner: ExperimentRunner; files: Files }> {
  const algorithm = findAlgorithm(algo);
  const conf = await toyConf(algo, overrides, dataset);
  checkAlgorithm(algorithm, conf);
  const runner = new ExperimentRunner({
    environment: { ...memoryEnvironment(engine, files), ...more },
    algorithm,
    conf,
    confText: "",
    name: `${algo}_${dataset}_tiny`,
    logdir: "/logs",
    variables: {},
  });
  return { runner, files };
}
