import type { ExperimentConf } from "../config/index.ts";
import type { ModelDescConf } from "../config/schema/nas.ts";
import type { Dataset } from "../data/dataset.ts";
import { ModelDescBuilder } from "../desc/builder.ts";
import { fullyConnected } from "../desc/full-cell.ts";
import type { CellPlan } from "../desc/macro.ts";
import type { NodeDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import { SupernetError } from "../errors.ts";
import { lowerNetwork } from "../models/network.ts";
import { fixedShape, type NetworkShape, supernetShape } from "../train/graphs.ts";
import type { Algorithm } from "./algorithm.ts";
import { givenNetwork, scaledToConf } from "./evaluated-network.ts";
import { evaluationPlan, type LoaderConf, searchPlan, wholeOr } from "./feeds.ts";
import { macroCombinations, shaped } from "./macro-combinations.ts";
import type { Phase } from "./phase.ts";
import { drivesAlphas, type SearchConf } from "./search-method.ts";

export interface DatasetCheck {
  readonly algorithm: Algorithm;
  /** Paths in it need not be expanded. */
  readonly conf: ExperimentConf;
  /** What will be run: a search decides what is evaluated. */
  readonly phases: readonly Phase[];
}

/**
 * Refuses what cannot be done with the images of a phase, before anything is trained: plans its batches and lowers its
 * networks as training will, the evaluation's with edges as a search may find them.
 *
 * @throws SupernetError with the code and message of what is in the way, naming the phase and the data set
 */
export function checkDataset(dataset: Dataset, phase: Phase, check: DatasetCheck): void {
  try {
    if (phase === "search") checkSearch(dataset, check);
    else checkEvaluation(dataset, check);
  } catch (error) {
    if (!(error instanceof SupernetError)) throw error;
    const { name, height, width, channels } = dataset;
    const what = phase === "search" ? "the search" : "the evaluation";
    const message = `${what} cannot use ${name}, ${height}x${width}x${channels}: ${error.message}`;
    throw new SupernetError(error.code, message, { cause: error });
  }
}

function checkSearch(dataset: Dataset, { algorithm, conf }: DatasetCheck): void {
  const { search } = conf.nas;
  checkAgreement("nas.search", search.model_desc, dataset);
  for (const model_desc of sizesOf(search)) checkSearchOf(dataset, algorithm, { ...search, model_desc });
}

/** Networks of all sizes that are searched: whether images suit them does not depend on the nodes of a cell. */
function sizesOf({ model_desc, pareto }: SearchConf): SearchConf["model_desc"][] {
  const { shapes } = macroCombinations({ model_desc, pareto });
  const nodes = model_desc.cell.n_nodes;
  return shapes.filter((shape) => shape.nodes === nodes).map((shape) => shaped(model_desc, shape));
}

function checkSearchOf(dataset: Dataset, { method }: Algorithm, search: SearchConf): void {
  const { model_desc, loader, trainer, post_train } = search;
  if (method) {
    const chunks = wholeOr(trainer);
    const { train } = searchPlan({ dataset, loader, chunks, seed: 0, alphasApart: drivesAlphas(method, search) });
    const shape = supernetShape({ samples: train.batch / chunks }, dataset, method.mixtures?.(search), method.affine);
    lower(method.builder(search).build(model_desc), shape);
  }
  if (post_train && post_train.trainer.epochs > 0) checkFixed(found.build(model_desc), dataset, post_train);
}

function checkEvaluation(dataset: Dataset, check: DatasetCheck): void {
  const { eval: evaluation } = check.conf.nas;
  const { model_factory_spec: spec, model_desc } = evaluation;
  if (!spec) checkAgreement("nas.eval", model_desc, dataset);
  const given = givenNetwork(check.algorithm, check.conf);
  const networks = given ? [given(dataset)] : evaluatedDescs(check);
  for (const network of networks) checkFixed(network, dataset, evaluation);
}

/** Networks like those that may be evaluated; which ops they have is not known yet. */
function evaluatedDescs({ algorithm, conf, phases }: DatasetCheck): NetworkDesc[] {
  const { evaluated } = algorithm;
  const { search, eval: evaluation } = conf.nas;
  if (!evaluated && !phases.includes("search")) return [found.build(evaluation.model_desc)];
  const scaled = evaluated ?? scaledToConf;
  return sizesOf(search).map((model_desc) => scaled(found.build(model_desc), conf));
}

interface FixedConf {
  readonly trainer: ExperimentConf["nas"]["eval"]["trainer"];
  readonly loader: LoaderConf;
}

function checkFixed(desc: NetworkDesc, dataset: Dataset, { trainer, loader }: FixedConf): void {
  const chunks = wholeOr(trainer);
  const { train } = evaluationPlan({ dataset, loader, chunks, seed: 0 });
  lower(desc, fixedShape({ samples: train.batch / chunks }, dataset, trainer));
}

const lower = (desc: NetworkDesc, shape: NetworkShape) => lowerNetwork(desc, { ...shape, training: true });

/** What a search may find: skip connections demand the most of sizes, where a cell halves the image. */
const found = new (class extends ModelDescBuilder {
  protected override buildNodes(plan: CellPlan, conf: ModelDescConf): NodeDesc[] {
    return fullyConnected(plan, conf.cell.n_nodes, "skip_connect");
  }
})();

/** @throws SupernetError("config") where the network is made for other classes or channels than the images have */
function checkAgreement(section: string, { dataset: made }: ModelDescConf, { classes, channels }: Dataset): void {
  const images = { n_classes: classes.length, channels };
  for (const key of ["n_classes", "channels"] as const) {
    if (made[key] === images[key]) continue;
    const path = `${section}.model_desc.dataset.${key}`;
    throw new SupernetError("config", `${path} is ${made[key]} but must be ${images[key]}, as in the images`);
  }
}
