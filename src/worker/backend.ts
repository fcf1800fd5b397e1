import type { SupernetError } from "../errors.ts";
import type { Paper } from "../nas/chunks.ts";
import type { ClassifierParts, ImageClassifier } from "../nas/classifier.ts";
import type { Trainers } from "../nas/trainers.ts";
import type { AdapterReport } from "./protocol.ts";
import type { TuneParts } from "./tune.ts";

/** What computes: the engine on a WebGPU device, or TensorFlow.js on WebGL. */
export interface Backend {
  readonly adapter: AdapterReport;
  /** Resolves when the device is lost for another reason than `dispose`, where trainings cannot go on then; never rejects. */
  readonly lost?: Promise<SupernetError>;
  /** False once the device is lost or has failed. */
  works(): boolean;
  /**
   * What trains the networks of a run.
   * @param tune time variants of kernels before they run, where there are any
   */
  trainers(tune?: TuneParts, memory?: MemoryShare): Promise<RunTrainers>;
  /** Makes engines on paper like this one; absent where nobody knows what a network takes. */
  paper?(memory: MemoryShare): Promise<Paper>;
  /** @throws SupernetError "io" for weights of another network, "device" where it does not fit */
  classifier(parts: ClassifierParts): Promise<ImageClassifier>;
  /** Frees the device; waits for the work it still has. */
  dispose(): Promise<void>;
}

/** How much of a device's memory the networks of a run may take. */
export interface MemoryShare {
  /** Bytes there are, as the conf says; 0 where it does not. */
  readonly bytes: number;
  /** Threads that train on the same device, each a network of its own. */
  readonly threads: number;
}

export interface RunTrainers {
  readonly trainers: Trainers;
  /** Bytes that live on the device. */
  bytes(): number;
}
