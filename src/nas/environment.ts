import type { DatasetIo } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { LogSink } from "../log/sink.ts";
import type { Alphas } from "../ops/mixture.ts";
import type { Executor } from "./executor.ts";
import type { RunFiles } from "./run-files.ts";
import type { Trainers } from "./trainers.ts";
import type { TrainingControl } from "./training-control.ts";

/** Where a search stands after an epoch. */
export interface SearchState {
  /** From 0. */
  readonly epoch: number;
  readonly supernet: ModelDesc;
  readonly alphas: Alphas;
  /** What would be found if the search ended here. */
  readonly best: ModelDesc;
}

/** What an experiment needs of the outside world, the same in a browser tab and in Node. Paths use `/`. */
export interface Environment extends TrainingControl, RunFiles {
  readonly trainers: Trainers;
  /** Where searches that train many networks do so; default here, one after another. */
  readonly executor?: Executor | undefined;
  readonly datasets: DatasetIo;
  /** Where the logs of an experiment's folder go. @param goOn with those of an earlier run that was cut off */
  logSink(folder: string, goOn: boolean): LogSink;
  /** Told after every epoch of a search. Reading the alphas costs a wait for the device: leave it out if nobody looks. */
  readonly onSearchEpoch?: ((state: SearchState) => void) | undefined;
}
