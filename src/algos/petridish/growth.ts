import type { ExperimentConf } from "../../config/index.ts";
import { modelDescToJson } from "../../desc/json.ts";
import type { ModelDesc } from "../../desc/model-desc.ts";
import type { SearchState } from "../../nas/environment.ts";
import { type FixedJob, type JobResult, packValues, type SupernetJob, unpackValues } from "../../nas/job.ts";
import type { KeptJobs } from "../../nas/kept-jobs.ts";
import type { TrainingControl } from "../../nas/training-control.ts";
import { bestEpochs } from "../../train/metrics.ts";
import { alphasOf } from "../../train/parameters.ts";
import { addPetridishNode } from "./builder.ts";
import { candidateMethod } from "./method.ts";
import { countNetwork, type HullPoint } from "./points.ts";
import type { Growth } from "./pool.ts";
import { startOfCandidate, startOfChild } from "./warm-start.ts";

/** A trained network of the pool with its weights. */
export interface Member extends HullPoint {
  /** As `packValues` makes them. */
  readonly values: Uint8Array;
}

export interface GrowthParts {
  readonly kept: KeptJobs;
  readonly conf: ExperimentConf;
  readonly seed: number;
  readonly image: { readonly height: number; readonly width: number };
  /** Told after every epoch of a candidate's training. */
  readonly onSearchEpoch?: ((state: SearchState) => void) | undefined;
}

type Short = "seed_train" | "post_train";

/** Trains a seed from scratch (`nas.search.seed_train`). */
export async function trainSeed(
  desc: ModelDesc,
  id: number,
  parts: GrowthParts,
  control: TrainingControl,
): Promise<Member> {
  const job = fixedJob(desc, "seed_train", parts);
  const result = await parts.kept.run(jobName(id, "seed"), job, control);
  return member({ id, stage: "SEED_TRAINED", parentId: 0, samplingCount: 0 }, desc, result, parts);
}

/** What a growth tells, and what holds and ends it. */
export interface GrowthControl extends TrainingControl {
  /** Whether it is the one whose progress is shown. */
  readonly foremost: () => boolean;
}

/**
 * Grows a network by a node: trains it beside a candidate of all ops (`nas.search.trainer`), keeps the best three, and goes
 * on training the child (`nas.search.post_train`). Both start with the weights of what was before.
 */
export async function grow(
  { parent, rng }: Growth<Member>,
  id: number,
  parts: GrowthParts,
  control: GrowthControl,
): Promise<Member> {
  const { kept, conf, seed, onSearchEpoch: tell } = parts;
  const { search } = conf.nas;
  const finalizer = candidateMethod.finalizer(search, seed);
  const candidate = addPetridishNode(parent.desc);
  const values = startOfCandidate(parent.desc, unpackValues(parent.values), () => rng.uniform01());
  const job: SupernetJob = {
    kind: "supernet",
    algorithm: "petridish",
    desc: modelDescToJson(candidate),
    conf: search,
    dataset: search.loader.dataset,
    seed,
    start: { seed: rng.word(), values: packValues(values) },
  };
  const searched = await kept.run(jobName(id, "candidate"), job, {
    ...control,
    onEpoch:
      tell &&
      ((epoch, { alphas }) => {
        if (!control.foremost()) return;
        tell({ epoch, supernet: candidate, alphas, best: finalizer.finalize(candidate, { alphas }) });
      }),
  });
  const learned = unpackValues(searched.values);
  const child = finalizer.finalize(candidate, { alphas: alphasOf(searched.params, learned) });
  const start = { seed: rng.word(), values: packValues(startOfChild(candidate, child, learned)) };
  const childJob = { ...fixedJob(child, "post_train", parts), start };
  const trained = await kept.run(jobName(id, "child"), childJob, control);
  const { id: parentId, samplingCount } = parent;
  return member({ id, stage: "SEARCH_TRAINED", parentId, samplingCount }, child, trained, parts);
}

const jobName = (id: number, step: string) => `${String(id).padStart(4, "0")}_${step}`;

/** The id of the network that a job is part of; NaN for other names. */
export const memberOf = (name: string): number => Number.parseInt(name, 10);

/** What is chosen by its result must not have seen the test images. */
function fixedJob(desc: ModelDesc, short: Short, { conf, seed }: GrowthParts): FixedJob {
  const { trainer, loader } = conf.nas.search[short]!;
  const section = `nas.search.${short}.trainer`;
  const common = { trainer, loader, dataset: loader.dataset, seed, validateOn: "kept back", confusion: false } as const;
  return { kind: "fixed", section, desc: modelDescToJson(desc), path: "petridish", ...common };
}

function member(
  place: Pick<HullPoint, "id" | "stage" | "parentId" | "samplingCount">,
  desc: ModelDesc,
  { run, values }: JobResult,
  { image }: GrowthParts,
): Member {
  const { train, val } = bestEpochs(run.epochs);
  return { ...place, ...countNetwork(desc, image), train: train!, val, top1: val!.top1, values };
}
