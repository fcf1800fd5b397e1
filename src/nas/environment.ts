import type { DatasetIo } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { LogSink } from "../log/sink.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import type { Gate } from "../train/gate.ts";
import type { Progress } from "../train/trainer.ts";
import type { Alphas } from "./finalizers.ts";

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
export interface Environment {
  readonly engine: Engine;
  readonly datasets: DatasetIo;
  /** Replaces a file whole or not at all; makes its folder. @throws SupernetError("io") */
  writeFile(path: string, data: string | Uint8Array): Promise<void>;
  /** @throws SupernetError("io") */
  readText(path: string): Promise<string>;
  /** Where the logs of an experiment's folder go. */
  logSink(folder: string): LogSink;
  /** Title of a training run ("search", …) and how far it is. */
  readonly onProgress?: ((title: string, progress: Progress) => void) | undefined;
  /** Told after every epoch of a search. Reading the alphas costs a wait for the device: leave it out if nobody looks. */
  readonly onSearchEpoch?: ((state: SearchState) => void) | undefined;
  /** What the user should know and is no error. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Ends the experiment before its next step. */
  readonly signal?: AbortSignal | undefined;
  /** Holds the experiment before its next step while it is closed. */
  readonly gate?: Gate | undefined;
}
