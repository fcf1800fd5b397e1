import { DartsModelDescBuilder } from "../algos/darts/builder.ts";
import { petridishFinalizer } from "../algos/petridish/finalizer.ts";
import type { ExperimentConf } from "../config/index.ts";
import type { ModelDescConf } from "../config/schema/nas.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import { parseModelDesc } from "../desc/yaml.ts";
import { SupernetError } from "../errors.ts";
import { checkDataset } from "../nas/check-dataset.ts";
import { fitOnPaper, type Paper } from "../nas/chunks.ts";
import { givenNetwork, scaledToConf } from "../nas/evaluated-network.ts";
import { finalizeModel } from "../nas/finalizers.ts";
import { forecastImages, forecastMemory, trainingOf } from "../nas/forecast.ts";
import { macroCombinations, shaped } from "../nas/macro-combinations.ts";
import { type Phase, runFolder } from "../nas/phase.ts";
import { type Alphas, alphasName, PRIMITIVES } from "../ops/mixture.ts";
import { datasetLoader } from "./datasets.ts";
import type { Host } from "./host.ts";
import type { ForecastReport } from "./protocol.ts";
import type { ResolvedRequest } from "./request.ts";

/**
 * GPU memory of the phases of a run. What an evaluation takes depends on what the search finds: without a search it is what
 * was found before, else a network of the primitives that take the most. Of networks of several sizes it is the largest that
 * the conf names; how far one grows from there, nobody knows before.
 *
 * @throws SupernetError "config", "data" or "device", as the run would
 */
export async function forecastRun(request: ResolvedRequest, host: Host, paper: Paper): Promise<ForecastReport[]> {
  const { algorithm, conf, phases } = request;
  await host.loadGpuConstants();
  const { method } = algorithm;
  const load = forecastImages(datasetLoader(host));
  const reports: ForecastReport[] = [];
  for (const phase of phases) {
    const dataset = await load(conf.nas[phase].loader.dataset);
    checkDataset(dataset, phase, { algorithm, conf, phases });
    // What is not trained takes no memory.
    if (phase === "search" && !method) continue;
    const supernet = largestSupernet(request);
    const desc = phase === "eval" ? await evaluatedDesc(request, host, supernet, dataset) : supernet;
    reports.push({ phase, ...(await forecastMemory(desc, { conf, phase, paper, method, load })) });
  }
  return reports;
}

export interface MemoryCheck {
  readonly datasets: ReadonlyMap<Phase, Dataset>;
  /** Of the device that the run will train on. */
  readonly paper: Paper;
}

/**
 * Refuses a run of which something that is trained later would not fit, before anything is trained. The first network that is
 * trained is refused by itself, right when it is set up. An evaluation is refused if it might not fit, whatever the search finds.
 *
 * @throws SupernetError("device") naming the number of chunks that would fit
 */
export async function checkMemory(request: ResolvedRequest, host: Host, check: MemoryCheck): Promise<void> {
  const { algorithm, conf, phases } = request;
  const { method } = algorithm;
  const { datasets, paper } = check;
  if (!phases.includes("search")) return;
  const supernet = largestSupernet(request);
  const requireFit = async (phase: Phase, desc: NetworkDesc) => {
    const dataset = datasets.get(phase)!;
    await fitOnPaper(await trainingOf(desc, { conf, phase, method, load: async () => dataset }), paper);
  };
  if (method && macroCombinations(conf.nas.search).shapes.length > 1) await requireFit("search", supernet);
  if (phases.includes("eval"))
    await requireFit("eval", await evaluatedDesc(request, host, supernet, datasets.get("eval")!));
}

/** What a search begins with, of the largest size it will have. */
function largestSupernet({ algorithm: { method }, conf }: ResolvedRequest): ModelDesc {
  return (method?.builder(conf.nas.search) ?? new DartsModelDescBuilder()).build(largest(conf));
}

/** `model_desc` with the last of the search's sizes: all of them rise. */
function largest({ nas }: ExperimentConf): ModelDescConf {
  const { model_desc } = nas.search;
  const last = macroCombinations(nas.search).shapes.at(-1);
  return last ? shaped(model_desc, last) : model_desc;
}

/** The network of the evaluation, as `ExperimentRunner.evaluate` chooses it. */
async function evaluatedDesc(
  request: ResolvedRequest,
  host: Host,
  supernet: ModelDesc,
  dataset: Dataset,
): Promise<NetworkDesc> {
  const { algorithm, conf } = request;
  const given = givenNetwork(algorithm, conf);
  if (given) return given(dataset);
  const { evaluated = scaledToConf } = algorithm;
  return evaluated(await foundDesc(request, host, supernet), conf);
}

async function foundDesc(request: ResolvedRequest, host: Host, supernet: ModelDesc): Promise<ModelDesc> {
  const { name, conf, phases } = request;
  const path = `${runFolder(host.logdir(conf.common.logdir), name, "eval")}/final_model_desc.yaml`;
  if (phases.includes("search") || !(await host.files.exists(path))) return costliest(supernet);
  try {
    return parseModelDesc(await host.files.readText(path), path);
  } catch (error) {
    if (error instanceof SupernetError) return costliest(supernet);
    throw error;
  }
}

/** The architecture that keeps the most: two convolutions of 5x5 in a row on every edge. */
function costliest(supernet: ModelDesc): ModelDesc {
  const alphas = PRIMITIVES.map((name) => (name === "sep_conv_5x5" ? 1 : 0));
  const named = supernet.cellDescs.flatMap(({ trainablesFrom, nodes }) =>
    nodes.flatMap(({ edges }, node) =>
      edges.flatMap(({ inputIds }, edge) => {
        const name = alphasName(trainablesFrom, node, edge);
        // Petridish has alphas for each state that an edge reads.
        return [name, ...inputIds.map((_, input) => `${name}.${input}`)].map((each) => [each, alphas] as const);
      }),
    ),
  );
  const all: Alphas = new Map(named);
  return petridishFinalizer().finalize(finalizeModel(supernet, all), { alphas: all });
}
