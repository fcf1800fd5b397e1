import { paramValues } from "../export/model.ts";
import { FallbackNetwork } from "../train/fallback/network.ts";
import { predictFallback } from "../train/fallback/predict.ts";
import type { FallbackProgram } from "../train/fallback/program.ts";
import { probabilitiesOf } from "../train/predictions.ts";
import { type ClassifierParts, classifierShape, type ImageClassifier, normalised } from "./classifier.ts";

/** A trained network on TensorFlow.js's current backend, ready to classify one image after another. */
export class FallbackClassifier implements ImageClassifier {
  readonly #parts: ClassifierParts;
  readonly #network: FallbackNetwork;
  readonly #program: FallbackProgram;

  /** @throws SupernetError("io") for weights of another network */
  constructor(parts: ClassifierParts) {
    this.#parts = parts;
    this.#network = new FallbackNetwork(parts.desc, classifierShape(parts));
    try {
      this.#network.load(paramValues(this.#network.params, parts.tensors));
    } catch (error) {
      this.#network.dispose();
      throw error;
    }
    this.#program = this.#network.evaluationProgram(0, 1);
  }

  async classify(planes: Float32Array): Promise<number[]> {
    const { channels, height, width } = this.#parts.image;
    const data = normalised(planes, this.#parts);
    return probabilitiesOf(await predictFallback(this.#program, { data, shape: [1, channels, height, width] }));
  }

  dispose(): void {
    this.#network.dispose();
  }
}
