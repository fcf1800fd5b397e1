import { stringify } from "yaml";
import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import { modelTensors } from "../export/model.ts";
import { writeSafetensors } from "../export/safetensors.ts";
import { metricsTree, type RunRecord } from "../train/metrics.ts";
import { scaledToConf } from "./evaluated-network.ts";
import type { PhaseParts } from "./phase-parts.ts";
import { trainInPhase } from "./phase-training.ts";

export interface EvaluationResult {
  /** The network that was trained. */
  readonly desc: NetworkDesc;
  readonly run: RunRecord;
  /** The images it was trained on, and what they are normalised by. */
  readonly image: Pick<Dataset, "height" | "width" | "channels" | "mean" | "std">;
  readonly classes: readonly string[];
  /** Further lines for a terminal. */
  readonly report?: string;
}

/** Evaluates what a search has found. */
export type Evaluate = (found: ModelDesc, parts: PhaseParts) => Promise<EvaluationResult>;

/**
 * Trains a network from scratch and tests it: a found architecture, scaled to the conf's cells and channels, or any other. Writes
 * `full_model_desc.yaml`, the metrics, and the weights as safetensors with PyTorch's names and layouts.
 */
export class Evaluater {
  readonly #parts: PhaseParts;

  constructor(parts: PhaseParts) {
    this.#parts = parts;
  }

  /** @param found what a search has found; its cells are the template */
  async evaluate(found: ModelDesc): Promise<EvaluationResult> {
    return this.evaluateNetwork(scaledToConf(found, this.#parts.conf));
  }

  /** @param desc what is evaluated, as it is */
  async evaluateNetwork(desc: NetworkDesc): Promise<EvaluationResult> {
    const { environment, conf, dataset } = this.#parts;
    const { trainer, loader } = conf.nas.eval;
    const files = evaluationFiles(conf);
    await environment.writeFile(files.desc, modelDescToYaml(desc));

    const { run, params, values } = await trainInPhase(desc, this.#parts, {
      title: "eval_train",
      section: "nas.eval.trainer",
      trainer,
      loader,
      path: "eval_arch",
      confusion: true,
    });

    await environment.writeFile(files.metrics, stringify(metricsTree(run)));
    await environment.writeFile(files.weights, writeSafetensors(modelTensors(params, values)));
    return { desc, run, ...imageFacts(dataset) };
  }
}

/** Where an evaluation leaves its network, its metrics and its weights. */
export const evaluationFiles = ({ nas }: ExperimentConf) => ({
  desc: nas.eval.full_desc_filename,
  metrics: nas.eval.metric_filename,
  weights: nas.eval.model_filename.replace(/\.pt$/, ".safetensors"),
});

/** What a network has to be told of the images that it was trained on. */
export function imageFacts(dataset: Dataset): Pick<EvaluationResult, "image" | "classes"> {
  const { height, width, channels, mean, std, classes } = dataset;
  return { image: { height, width, channels, mean, std }, classes };
}
