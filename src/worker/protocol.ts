/**
 * What a page or the command line and the engine in a worker say to each other. Types only: both sides import this file,
 * neither imports the other. Calls go through Comlink, so every argument and result is structured-cloneable; listeners are
 * passed through `Comlink.proxy`.
 *
 * Words: a *run* is a search and/or an evaluation with one conf. It has a name, `<algo>_<dataset>_<prefix>`, and a folder for
 * each phase, `<name>_search` and `<name>_eval`, below the log folder (Node) or in the origin's private file system (browser).
 */
import type { DatasetReport, ImportRequest } from "../data/own/types.ts";
import type { AdapterReport } from "../host/gpu.ts";
import type { Phase } from "../nas/phase.ts";
import type { ResumeMode } from "../nas/phase-record.ts";
import type { TuneMode } from "../runtime/webgpu/tune-modes.ts";

export type { AdapterReport, DatasetReport, ImportRequest, ResumeMode };

/** Errors cross the boundary as this, thrown by every method below: `SupernetError` in parts. */
export interface WireError {
  /** `ErrorCode` ("aborted" for a run that was stopped), or "bug" for everything that is no `SupernetError`. */
  readonly code: string;
  readonly message: string;
  readonly stack?: string;
}

/** What to run. */
export interface RunRequest {
  readonly algo: string;
  /** Name of a data set of the conf folder, or of an imported one. */
  readonly dataset: string;
  /** The paper's settings instead of toy ones. */
  readonly full?: boolean;
  /** A whole conf in YAML, instead of the files that algorithm, data set and `full` name. Nothing in it is included. */
  readonly confText?: string;
  /** As on a command line: `["--nas.search.trainer.epochs", "3"]`. */
  readonly overrides?: readonly string[];
  readonly allowUnknown?: boolean;
  /** Part of the run's name; default `toy`, or `full`. */
  readonly prefix?: string;
  /** Default both. */
  readonly phases?: readonly Phase[];
  /** Time variants of kernels before they run; without it what is known of them is neither read nor written. */
  readonly tune?: TuneRequest;
  /**
   * What to do with what a run of the same name has left when it was cut off or has ended: begin anew, or go on to the same end;
   * "require" refuses to begin. Conf, data set and architecture must be what they were. Default is what the conf's keys
   * `resume` say. With any of the three, checkpoints are written, even where the conf names no `checkpoint`.
   */
  readonly resume?: ResumeMode;
  /**
   * Networks that a search or evaluation of several trains at once, each in a thread with a device of its own; Node only.
   * Default 1. What is found does not depend on it.
   */
  readonly workers?: number;
  /**
   * Where there is no WebGPU, train on TensorFlow.js and WebGL, which is much slower. Otherwise such a run is refused with
   * "device".
   */
  readonly fallback?: boolean;
}

export interface TuneRequest {
  readonly mode: TuneMode;
  /** Node only: where the fastest are remembered, instead of the cache folder. */
  readonly file?: string | undefined;
}

/** A conf, resolved. */
export interface ResolvedConf {
  /** `<algo>_<dataset>_<prefix>`. */
  readonly name: string;
  /** YAML with includes, copies and overrides carried out. */
  readonly text: string;
}

/** Something wrong in a conf that is being edited. Lines and columns count from 1; both are 0 where the place is unknown. */
export interface ConfProblem {
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A key that a conf may have, for completion. */
export interface ConfKey {
  /** `nas.search.trainer.epochs`. */
  readonly path: string;
  /** "section", or the type of its value in words: "whole number", "true or false", … */
  readonly type: string;
  /** What it may be, where it is one of a few. */
  readonly values?: readonly string[];
}

/** GPU memory that a phase of a run would take, found without the device. */
export interface ForecastReport {
  readonly phase: Phase;
  readonly bytes: number;
  readonly buffers: number;
  /** Bytes by what they are for: parameters, gradients, temporaries, … */
  readonly roles: Readonly<Record<string, number>>;
  readonly batch: number;
  readonly chunks: number;
}

/** One edge of a searched cell: what its mixture thinks of every primitive. */
export interface EdgeWeights {
  /** Node of the cell, from 0. */
  readonly node: number;
  /** State it reads: 0 and 1 are the inputs, 2 is node 0, … */
  readonly state: number;
  /** Share of each primitive, in the order of `CellWeights.primitives`; they sum to 1. */
  readonly weights: readonly number[];
}

/** The mixtures of a cell that owns alphas. */
export interface CellWeights {
  readonly cellType: "normal" | "reduction";
  /** Index of the cell. */
  readonly cell: number;
  readonly primitives: readonly string[];
  readonly edges: readonly EdgeWeights[];
}

/** A cell of an architecture as a graph. States are numbered as in `EdgeWeights`. */
export interface CellDrawing {
  readonly cellType: "normal" | "reduction";
  readonly cell: number;
  readonly nodes: number;
  readonly edges: readonly { readonly node: number; readonly states: readonly number[]; readonly op: string }[];
}

/** What happens during a run, in order. `time` is milliseconds since 1970. */
export type RunEvent =
  | { readonly kind: "started"; readonly time: number; readonly name: string; readonly phases: readonly Phase[] }
  | { readonly kind: "phase"; readonly time: number; readonly phase: Phase; readonly folder: string }
  /**
   * A training run, by its title, goes on in this epoch (from 0, all of them where nothing is left), or need not run again; the
   * epochs before are done.
   */
  | {
      readonly kind: "restored";
      readonly time: number;
      readonly phase: Phase;
      readonly title: string;
      readonly epoch: number;
      readonly epochs: number;
      readonly done: readonly EpochFigures[];
    }
  /** A training run, by its title, is about to build and compile its programs: up to a minute without other news. */
  | { readonly kind: "preparing"; readonly time: number; readonly phase: Phase; readonly title: string }
  /** Told a few times a second at most, and once at the end of each pass. */
  | {
      readonly kind: "progress";
      readonly time: number;
      readonly phase: Phase;
      /** Title of the training run: `arch_train`, `eval_train`, `post_train`. */
      readonly title: string;
      readonly pass: "train" | "validate";
      readonly epoch: number;
      readonly epochs: number;
      readonly batch: number;
      readonly batches: number;
      /** Averages of the pass so far. */
      readonly loss: number;
      readonly top1: number;
      readonly top5: number;
      readonly samples: number;
      /** Learning rate of the weights. */
      readonly lr: number;
      /** Images a second in this pass, pauses left out. */
      readonly imagesPerSecond: number;
      /** Bytes of all live GPU buffers, or of TensorFlow.js's tensors. */
      readonly gpuBytes: number;
    }
  /** After every epoch of a search: the mixtures, and the cells that they stand for now. */
  | {
      readonly kind: "alphas";
      readonly time: number;
      readonly epoch: number;
      readonly cells: readonly CellWeights[];
      readonly best: readonly CellDrawing[];
      /** Share of the chosen edges that are skip connections: near 1, the search has collapsed. */
      readonly skipShare: number;
    }
  /** The search has ended. `text` is that of `RunSummary.search`. */
  | {
      readonly kind: "found";
      readonly time: number;
      readonly cells: readonly CellDrawing[];
      readonly text: string;
    }
  /** What tuning is about to do, or has done, in a line. */
  | { readonly kind: "tuning"; readonly time: number; readonly message: string }
  | { readonly kind: "paused" | "resumed"; readonly time: number }
  | { readonly kind: "warning"; readonly time: number; readonly message: string };

/** How a pass ended, for tables. */
export interface PassFigures {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
}

export interface EpochFigures {
  readonly train: PassFigures;
  readonly val?: PassFigures;
}

/** What a finished run yields; also kept as `run.json` in the folder of its last phase. */
export interface RunSummary {
  readonly name: string;
  readonly algo: string;
  readonly dataset: string;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly started: number;
  readonly ended: number;
  readonly adapter: string;
  readonly search?: {
    readonly epochs: readonly EpochFigures[];
    readonly cells: readonly CellDrawing[];
    readonly weights: readonly CellWeights[];
    /** Lines for a terminal: tables of the alphas, the cells, the figures. */
    readonly text: string;
    /** From its beginning to its end, pauses left out; absent where it was cut off on the way. */
    readonly seconds?: number | undefined;
  };
  readonly eval?: {
    readonly epochs: readonly EpochFigures[];
    readonly params: number;
    /** Multiply-adds of one image. */
    readonly macs: number;
    readonly image: { readonly height: number; readonly width: number; readonly channels: number };
    readonly classes: readonly string[];
    /** Counts of test images, `[true class][predicted class]`. */
    readonly confusion: readonly (readonly number[])[];
    readonly text: string;
    /** As that of the search. */
    readonly seconds?: number | undefined;
  };
}

/** A run that is kept. */
export interface StoredRun {
  readonly name: string;
  /** Absent while it runs and where it was interrupted. */
  readonly summary?: RunSummary;
  /** Paths below the run's root, such as `darts_shapes_toy_eval/log.yaml`. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** Where a training stands that was cut off. */
export interface Standing {
  readonly phase: Phase;
  /** `arch_train`, `eval_train`, or `post_train`, the short one after a search. */
  readonly training: string;
  /** The epoch under way, from 0. */
  readonly epoch: number;
  /** Of how many, where it is known. */
  readonly epochs?: number;
}

/** A run that was cut off, or stopped, and can be gone on with; `runs` lists its files. */
export interface UnfinishedRun {
  readonly name: string;
  /** As it was asked for, but for `resume`: with "require" there, it goes on. What it needs, such as its data set, may be gone. */
  readonly request: RunRequest;
  /** Phases that have ended. */
  readonly ended: readonly Phase[];
  /** Absent where no training was under way, or none has left a checkpoint. */
  readonly standing?: Standing;
  /** When a file of it was last written, in milliseconds since 1970. */
  readonly modified: number;
}

/** Probability of a class. */
export interface ClassScore {
  readonly label: string;
  readonly probability: number;
}

/**
 * The engine. One run at a time: `start` while one runs throws "config". Methods that need the device open it on first use.
 * Everything thrown arrives as a `WireError`.
 */
export interface SupernetApi {
  /** @throws "device" where there is no adapter */
  adapter(): Promise<AdapterReport>;
  /** @throws "config" or "io"; "data" for an imported data set that is damaged */
  resolve(request: RunRequest): Promise<ResolvedConf>;
  /** What is wrong with a conf text: at most the first problem of its syntax, or all of its keys and values. */
  check(confText: string): Promise<readonly ConfProblem[]>;
  confKeys(): Promise<readonly ConfKey[]>;
  algorithms(): Promise<readonly string[]>;
  datasets(): Promise<readonly string[]>;
  /** Empty where there is no WebGPU. @throws "config", "data" or "device", as the run would */
  forecast(request: RunRequest): Promise<readonly ForecastReport[]>;
  /** Runs to the end. @throws as the run does; "aborted" when it was stopped */
  start(request: RunRequest, listener: (event: RunEvent) => void): Promise<RunSummary>;
  /** Holds the run before its next step, until `resume`. Nothing happens where nothing runs. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Ends the run before its next step; resolves when its files are closed. */
  stop(): Promise<void>;
  /** Writes checkpoints of what is trained here now, for whoever may soon be cut off. Nothing happens where nothing runs. */
  keep(): Promise<void>;
  /** Kept runs, newest first. */
  runs(): Promise<readonly StoredRun[]>;
  /** Those of them that can be gone on with, newest first; in a browser, runs that go on in other tabs are none of them. */
  unfinished(): Promise<readonly UnfinishedRun[]>;
  /** @throws "io" for a file that is not there */
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Every file of a run in one zip. @throws "io" */
  zip(name: string): Promise<Uint8Array<ArrayBuffer>>;
  remove(name: string): Promise<void>;
  /**
   * Decodes, resizes, splits and keeps images. A data set of that name is replaced when the new one is whole. In Node there is
   * no decoder: it imports CIFAR-10's binary files only.
   * @throws "data": no images, a single class, too few images, a damaged archive
   */
  importDataset(request: ImportRequest, onProgress: (done: number, total: number) => void): Promise<DatasetReport>;
  /** In the order of their names; damaged ones are left out. */
  importedDatasets(): Promise<readonly DatasetReport[]>;
  /** @throws "data" where there is no such imported data set */
  removeDataset(name: string): Promise<void>;
  /**
   * Class probabilities by a finished run's trained network, best first.
   * @param pixels RGBA of any size; scaled to the network's. @throws "io" where the run has no weights
   */
  classify(name: string, pixels: ImageData): Promise<readonly ClassScore[]>;
  /** Frees the device. The worker may be ended afterwards. */
  dispose(): Promise<void>;
}
