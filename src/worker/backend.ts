import type { SupernetError } from "../errors.ts";
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
  /** What trains the networks of a run. @param tune time variants of kernels before they run, where there are any */
  trainers(tune: TuneParts | undefined): Promise<RunTrainers>;
  /** @throws SupernetError "io" for weights of another network, "device" where it does not fit */
  classifier(parts: ClassifierParts): Promise<ImageClassifier>;
  /** Frees the device; waits for the work it still has. */
  dispose(): Promise<void>;
}

export interface RunTrainers {
  readonly trainers: Trainers;
  /** Bytes that live on the device. */
  bytes(): number;
}
