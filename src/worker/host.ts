import type { Variables } from "../config/index.ts";
import type { DatasetIo } from "../data/dataset.ts";
import type { Decoder } from "../data/own/decode-all.ts";
import type { FileTree } from "../host/files.ts";
import type { GpuHandle } from "../host/gpu.ts";
import type { TuningStore } from "../host/tuning.ts";
import type { Backend } from "./backend.ts";
import type { JobThread } from "./job-protocol.ts";

/** The confs that come with this package. */
export interface ConfFolder {
  /** Its path, `/` at the end; names below it are `algos/darts.yaml`. */
  readonly root: string;
  exists(path: string): boolean;
  /** @throws SupernetError("io") */
  read(path: string): Promise<string> | string;
}

/** What computes in browsers without WebGPU. */
export interface FallbackHost {
  /** Why there is no WebGPU, and what to do about it; undefined where there is. */
  missingWebGpu(): Promise<string | undefined>;
  /** @throws SupernetError("device") where there is nothing else either */
  open(): Promise<Backend>;
}

/** What the engine's side of the API needs to know of where it runs. */
export interface Host {
  /** @throws SupernetError("device") where there is no adapter */
  requestGpu(): Promise<GpuHandle>;
  readonly fallback?: FallbackHost;
  /** Starts a thread for training jobs, where there are such. */
  readonly startJobThread?: () => JobThread;
  /** Makes WebGPU's constants global where they are not. */
  loadGpuConstants(): Promise<void>;
  readonly confs: ConfFolder;
  readonly files: FileTree;
  /** Folder of the runs that are listed. */
  readonly root: string;
  /** Folder of the runs of a conf, given its `common.logdir`. */
  logdir(asked: string): string;
  readonly datasets: DatasetIo;
  decoder(): Decoder;
  /**
   * Keeps a run's folders for this worker while `work` goes on.
   * @throws SupernetError("config") where another one of this origin has them, naming the remedy
   */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Runs of this origin that others than this worker may have: names of those that go on. */
  running(): Promise<ReadonlySet<string>>;
  /** Minutes from one checkpoint to the next, at most, of runs that are to be gone on with. */
  readonly checkpointMinutes: number;
  /** Variables that confs may use; `default_dataroot` among them. */
  readonly variables: Variables;
  /** @param file where choices are kept instead of the usual place, if the host can choose */
  tuningStore(onWarning: (message: string) => void, file: string | undefined): TuningStore;
  /** Of this package. */
  readonly version: string;
}
