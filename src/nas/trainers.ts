import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import type { ParamSpec } from "../graph/types.ts";
import type { Logger } from "../log/logger.ts";
import type { WarmStart } from "../train/initial-values.ts";
import type { RunRecord } from "../train/metrics.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { ClassifierParts } from "./classifier.ts";
import type { LoaderConf, ValidateOn } from "./feeds.ts";
import type { InferenceCost } from "./inference-cost.ts";
import type { SearchConf, SearchMethod } from "./search-method.ts";
import type { Trained } from "./trained.ts";
import type { TrainingControl } from "./training-control.ts";

interface TrainingParts {
  readonly control: TrainingControl;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly logger: Logger;
  /** Default: everything is drawn from `seed`. */
  readonly start?: WarmStart | undefined;
  /** Where the training is kept, so that it can go on when it was cut off. */
  readonly checkpoint?: Checkpoint | undefined;
}

export interface ArchTrainerParts extends TrainingParts {
  readonly method: SearchMethod;
  readonly conf: SearchConf;
  /** Told after every epoch what would be decided by. */
  readonly onEpoch?: ((epoch: number, trained: Trained) => void) | undefined;
}

/** What is left of a training run. */
export interface FixedTraining {
  readonly run: RunRecord;
  readonly params: readonly ParamSpec[];
  /** Weights, alphas and running statistics after the last epoch. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

/** What training a supernet yields. */
export interface ArchTraining extends Trained, FixedTraining {}

export interface FixedTrainingParts extends TrainingParts {
  /** Where the conf has `trainer`, such as `nas.eval.trainer`; for messages. */
  readonly section: string;
  readonly trainer: ExperimentConf["nas"]["eval"]["trainer"];
  readonly loader: LoaderConf;
  /** Sections around this run in the log. */
  readonly path: string;
  /** Count how the test images are classified in the end. */
  readonly confusion?: boolean;
  /** Default is the test set. */
  readonly validateOn?: ValidateOn;
}

/**
 * What trains networks: the engine, or TensorFlow.js where there is no WebGPU.
 *
 * Both throw SupernetError "config" or "data" on impossible settings, "device" when the network does not fit or the device
 * fails, and the signal's reason when it is aborted.
 */
export interface Trainers {
  /** Whether trainings can be kept in checkpoints, and gone on with. */
  readonly checkpoints: boolean;
  /** Trains a supernet's weights and alphas by the method. */
  supernet(desc: ModelDesc, parts: ArchTrainerParts): Promise<ArchTraining>;
  /** Trains a network without alphas from scratch and tests it as it goes: evaluation, and the end of a search. */
  fixed(desc: NetworkDesc, parts: FixedTrainingParts): Promise<FixedTraining>;
  /** What a trained network costs on this device, measured by running it. */
  inferenceCost(parts: ClassifierParts, control: TrainingControl): Promise<InferenceCost>;
  /** What the log says of the device where a phase begins. */
  facts(): Readonly<Record<string, string | number>>;
  /** Which variants of kernels ran, as a file; undefined where none was chosen by timing. */
  tuning(): string | undefined;
}
