import { parse } from "yaml";
import { findAlgorithm } from "../algos/index.ts";
import type { ExperimentConf } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import type { ResolvedConf, RunRequest } from "../worker/protocol.ts";
import { levelled } from "./level.ts";

export interface PlannedRun {
  readonly place: { readonly algo: string; readonly dataset: string; readonly seed: number };
  /** Of its folders. */
  readonly name: string;
  readonly request: RunRequest;
  /** As it will be kept in them. */
  readonly confText: string;
}

export interface ComparePlan {
  readonly datasets: readonly string[];
  /** All algorithms with one seed, then with the next: what is interrupted has whole seeds. */
  readonly runs: readonly PlannedRun[];
  /** What is equal, what was made so, and what is not, in lines for the user. */
  readonly notes: readonly string[];
}

export interface CompareRequest {
  readonly algos: readonly string[];
  readonly datasets: readonly string[];
  /** Runs of each. */
  readonly seeds: number;
  readonly prefix: string;
  readonly common: Omit<RunRequest, "algo" | "dataset">;
}

type Resolve = (request: RunRequest) => Promise<ResolvedConf>;

/**
 * Resolves and levels the confs of all runs, so that nothing that is wrong shows up hours later.
 * @throws SupernetError naming the algorithm that has no such override, or cannot do what the conf asks for
 */
export async function planComparison(request: CompareRequest, resolve: Resolve): Promise<ComparePlan> {
  const algos = [...new Set(request.algos)];
  const datasets = [...new Set(request.datasets)];
  const runs: PlannedRun[] = [];
  const notes: string[] = [];
  for (const dataset of datasets) {
    for (let seed = 0; seed < request.seeds; seed++) {
      const planned = await planSeed({ ...request, algos }, dataset, seed, resolve);
      runs.push(...planned.runs);
      // Seeds do not differ in what is levelled.
      if (seed === 0)
        notes.push(...equalNotes(planned.runs, request.seeds), ...planned.changes, ...unequalNotes(planned.runs));
    }
  }
  return { datasets, runs, notes };
}

async function planSeed(
  { algos, common, prefix }: CompareRequest,
  dataset: string,
  seed: number,
  resolve: Resolve,
): Promise<{ readonly runs: PlannedRun[]; readonly changes: string[] }> {
  const [first = ""] = algos;
  const overrides = [...(common.overrides ?? []), "--common.seed", String(seed)];
  const own = (algo: string) => named(algo, resolve({ ...common, algo, dataset, overrides }));
  const model = await own(first);
  const runs: PlannedRun[] = [];
  const changes: string[] = [];
  for (const algo of algos) {
    const { text: confText, changes: changed } = levelled((await own(algo)).text, model.text);
    const { phases } = common;
    const request: RunRequest = { algo, dataset, confText, prefix: `${prefix}_seed${seed}`, ...(phases && { phases }) };
    const { name, text } = await named(algo, resolve(request));
    runs.push({ place: { algo, dataset, seed }, name, request, confText: text });
    const told = changed.map(({ path, was, is }) => `${path} ${is}, not ${was}`).join("; ");
    if (told !== "") changes.push(`equal    ${algo} evaluates on ${dataset} as ${first} does: ${told}`);
  }
  return { runs, changes };
}

async function named<T>(algo: string, resolving: Promise<T>): Promise<T> {
  try {
    return await resolving;
  } catch (error) {
    if (error instanceof SupernetError)
      throw new SupernetError(error.code, `${algo}: ${error.message}`, { cause: error });
    throw error;
  }
}

const confOf = ({ confText }: PlannedRun) => parse(confText) as ExperimentConf;

function equalNotes(runs: readonly PlannedRun[], seeds: number): string[] {
  const { trainer, loader, model_desc } = confOf(runs[0]!).nas.eval;
  const network = `${model_desc.n_cells} cells, ${model_desc.n_reductions} reductions, ${model_desc.model_stems.init_node_ch} channels`;
  const training = `${trainer.epochs} epochs of batches of ${loader.train_batch}`;
  const which = seeds === 1 ? "seed 0" : `seeds 0 to ${seeds - 1}`;
  return [`equal    evaluation on ${runs[0]!.place.dataset}: ${training}, ${network}; ${which}`];
}

/** What an evaluation cannot make equal: how algorithms search, and what they make of their own. */
function unequalNotes(runs: readonly PlannedRun[]): string[] {
  return runs.flatMap((run) => {
    const { algo, dataset } = run.place;
    const { search, eval: evaluation } = confOf(run).nas;
    const scale = evaluation.petridish?.cell_count_scale ?? 1;
    return [
      `unequal  ${algo} on ${dataset} ${searchInWords(algo, search)}`,
      ...(scale === 1 ? [] : [`unequal  ${algo} evaluates ${scale} times as many cells as it searched with`]),
      ...(evaluation.model_factory_spec ? [`unequal  ${algo} trains ${evaluation.model_factory_spec} as it is`] : []),
    ];
  });
}

function searchInWords(algo: string, { trainer, loader }: ExperimentConf["nas"]["search"]): string {
  const { method, search } = findAlgorithm(algo);
  if (!method) return search ? "searches in its own way: the table says for how long" : "searches nothing";
  const share = Math.round(100 * (1 - loader.val_ratio));
  const rest = loader.val_ratio > 0 ? `, the other ${100 - share} % drive its alphas or validate` : "";
  return `searches for ${trainer.epochs} epochs: ${share} % of its images train the supernet's weights${rest}`;
}
