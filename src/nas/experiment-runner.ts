import { type Conf, type ExperimentConf, expandVars, type Variables } from "../config/index.ts";
import type { Dataset, DatasetConf } from "../data/dataset.ts";
import { imagesOf, loadDataset, loadOnce } from "../data/load.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { parseModelDesc } from "../desc/yaml.ts";
import { SupernetError } from "../errors.ts";
import { Logger } from "../log/logger.ts";
import { type Algorithm, searches } from "./algorithm.ts";
import { checkDataset } from "./check-dataset.ts";
import type { Environment } from "./environment.ts";
import { givenNetwork } from "./evaluated-network.ts";
import { Evaluater, type EvaluationResult } from "./evaluater.ts";
import { type Executor, localExecutor } from "./executor.ts";
import { copyGallery } from "./gallery.ts";
import { forgetEvaluated } from "./gallery-evaluation.ts";
import { KeptPhases } from "./kept-phases.ts";
import { checkBuilt } from "./not-built.ts";
import { checkOwnFiles } from "./own-files.ts";
import { PHASES, type Phase, runFolder } from "./phase.ts";
import type { PhaseParts } from "./phase-parts.ts";
import type { SearchResult } from "./search.ts";
import { sweeping } from "./search-combinations.ts";
import { Searcher } from "./searcher.ts";

export interface Experiment {
  readonly environment: Environment;
  readonly algorithm: Algorithm;
  /** The checked conf, paths not yet expanded. */
  readonly conf: ExperimentConf;
  /** The conf as it was resolved, to be kept beside the results. */
  readonly confText: string;
  /** `<algo>_<dataset>_<prefix>`: folders are named after it. */
  readonly name: string;
  /** Folder of all experiments. */
  readonly logdir: string;
  /** Variables that paths of the conf may use; `default_dataroot` among them. */
  readonly variables: Variables;
}

/** Runs the two phases of an experiment, each in its own folder, as Archai lays them out. */
export class ExperimentRunner {
  readonly #experiment: Experiment;
  /** Search and evaluation mostly use the same images: they are read once. */
  readonly #dataset: (conf: DatasetConf) => Promise<Dataset>;
  readonly kept: KeptPhases;

  constructor(experiment: Experiment) {
    this.#experiment = experiment;
    const { environment, algorithm, conf } = experiment;
    this.#dataset = loadOnce((asked) => loadDataset(asked, environment.datasets), imagesOf);
    this.kept = new KeptPhases({
      files: environment,
      onWarning: (message) => environment.onWarning?.(message),
      conf,
      folder: (phase) => this.folder(phase),
      expanded: (phase) => this.#conf(phase),
      dataset: (phase) => this.#dataset(this.#conf(phase).nas[phase].loader.dataset),
      evaluatesFound: givenNetwork(algorithm, conf) === undefined,
    });
  }

  /** `<logdir>/<algo>_<dataset>_<prefix>_<phase>`. */
  folder(phase: Phase): string {
    const { logdir, name } = this.#experiment;
    return runFolder(logdir, name, phase);
  }

  async search(): Promise<SearchResult> {
    return this.#inPhase("search", async (conf, logger) => {
      const { algorithm } = this.#experiment;
      const dataset = await this.#load(conf.nas.search.loader.dataset, logger);
      const { name, method, search } = algorithm;
      const parts = await this.#parts("search", { conf, dataset, logger });
      if (search) return search(parts);
      if (method) return sweeping((each) => new Searcher(method, each).search())(parts);
      throw new Error(`${name} has nothing to search`);
    });
  }

  /** Puts what the search has found where the evaluation looks for it. @throws SupernetError("io") */
  async copySearchToEval(): Promise<void> {
    const { environment } = this.#experiment;
    const from = this.#conf("search").nas.search;
    const to = this.#conf("eval").nas.eval;
    await environment.writeFile(to.final_desc_filename, await environment.readText(from.final_desc_filename));
    await copyGallery(environment, from.final_desc_foldername, to.final_desc_foldername);
  }

  /**
   * Trains the hand-written network that the conf names, else the one that the algorithm fixes, else what was found.
   * @throws SupernetError("io") when there is nothing to evaluate
   */
  async evaluate(): Promise<EvaluationResult> {
    return this.#inPhase("eval", async (conf, logger) => {
      const { algorithm } = this.#experiment;
      const { final_desc_filename: path, loader } = conf.nas.eval;
      const given = givenNetwork(algorithm, conf);
      // A missing description is told before the images are read.
      const found = given ? undefined : await this.#readFound(path);
      const dataset = await this.#load(loader.dataset, logger);
      const parts = await this.#parts("eval", { conf, dataset, logger });
      const evaluater = new Evaluater(parts);
      if (!conf.nas.eval.resume) await forgetEvaluated(parts);
      if (!found) return evaluater.evaluateNetwork(given!(dataset));
      return algorithm.evaluate ? algorithm.evaluate(found, parts) : evaluater.evaluate(found);
    });
  }

  async #parts(phase: Phase, parts: Pick<PhaseParts, "conf" | "dataset" | "logger">): Promise<PhaseParts> {
    const { environment } = this.#experiment;
    const keeping = await this.kept.keeping(phase);
    return { ...parts, environment, seed: seedOf(parts.conf), keeping, executor: this.#executor() };
  }

  #executor(): Executor {
    const { environment, algorithm } = this.#experiment;
    const { executor, trainers } = environment;
    const tools = { trainers, files: environment, load: this.#dataset, methodOf: () => algorithm.method! };
    return executor ?? localExecutor(tools);
  }

  async #readFound(path: string): Promise<ModelDesc> {
    const { environment, algorithm } = this.#experiment;
    try {
      return parseModelDesc(await environment.readText(path), path);
    } catch (cause) {
      if (!(cause instanceof SupernetError) || cause.code !== "io") throw cause;
      const remedy = searches(algorithm)
        ? "run the search first, or name a description with nas.eval.final_desc_filename"
        : "name a description that exists with nas.eval.final_desc_filename, or a network with nas.eval.model_factory_spec";
      throw new SupernetError("io", `nothing to evaluate: ${cause.message}; ${remedy}`, { cause });
    }
  }

  async #inPhase<T>(phase: Phase, body: (conf: ExperimentConf, logger: Logger) => Promise<T>): Promise<T> {
    const { environment, confText } = this.#experiment;
    const folder = this.folder(phase);
    const logger = new Logger(environment.logSink(folder, this.kept.resumes(phase)));
    try {
      await this.kept.begin(phase);
      logger.info({ expdir: folder, ...environment.trainers.facts() });
      await environment.writeFile(`${folder}/config_used.yaml`, confText);
      const conf = this.#conf(phase);
      for (const missing of checkBuilt(conf, phase)) {
        logger.warn(missing);
        environment.onWarning?.(missing);
      }
      try {
        return await body(conf, logger);
      } finally {
        await this.#recordTuning(folder);
      }
    } catch (error) {
      logger.error(error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      await logger.close();
    }
  }

  /** Which variants of kernels ran decides the last bits of what they computed. */
  async #recordTuning(folder: string): Promise<void> {
    const { environment } = this.#experiment;
    const record = environment.trainers.tuning();
    if (record !== undefined) await environment.writeFile(`${folder}/tuning.json`, record);
  }

  #conf(phase: Phase): ExperimentConf {
    const { conf, variables, name } = this.#experiment;
    const expanded = expandVars(conf as unknown as Conf, { ...variables, expdir: this.folder(phase) });
    const checked = expanded as unknown as ExperimentConf;
    return {
      ...checked,
      common: { ...checked.common, experiment_name: `${name}_${phase}`, expdir: this.folder(phase) },
    };
  }

  /**
   * Reads the images of all phases that will run, so that a missing folder, or images that an evaluation cannot use, are told
   * before a search and not after it. Likewise paths that the run may not write to.
   * @returns the images of each phase
   * @throws SupernetError("data") naming the folder and the remedy; as `checkDataset` and `checkOwnFiles`
   */
  async loadData(phases: readonly Phase[]): Promise<ReadonlyMap<Phase, Dataset>> {
    const { algorithm } = this.#experiment;
    const folders = PHASES.map((phase) => this.folder(phase));
    const loaded = new Map<Phase, Dataset>();
    for (const phase of phases) {
      const conf = this.#conf(phase);
      checkOwnFiles(conf, phase, { folders, phases });
      checkBuilt(conf, phase);
      const dataset = await this.#dataset(conf.nas[phase].loader.dataset);
      checkDataset(dataset, phase, { algorithm, conf, phases });
      loaded.set(phase, dataset);
    }
    return loaded;
  }

  async #load(conf: DatasetConf, logger: Logger): Promise<Dataset> {
    const dataset = await this.#dataset(conf);
    logger.pushd("data");
    logger.info({ ds_name: dataset.name, source: dataset.source });
    logger.popd();
    return dataset;
  }
}

function seedOf({ common }: ExperimentConf): number {
  if (Number.isSafeInteger(common.seed) && common.seed >= 0) return common.seed;
  throw new SupernetError("config", `common.seed is ${common.seed}; it must be a whole number from 0 to 2^53 - 1`);
}
