import type { NetworkDesc } from "../desc/network-desc.ts";
import { paramValues } from "../export/model.ts";
import type { SafeTensor } from "../export/safetensors.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { packPlanes, unpackPlanes } from "../runtime/webgpu/layout.ts";
import type { BoundProgram, Program } from "../runtime/webgpu/program.ts";
import { StepUniform } from "../runtime/webgpu/step.ts";
import { submit } from "../runtime/webgpu/submission.ts";
import type { NetworkShape } from "../train/graphs.ts";
import { Network } from "../train/network.ts";
import { probabilitiesOf } from "../train/predictions.ts";

export interface ClassifierParts {
  /** What was trained. */
  readonly desc: NetworkDesc;
  /** Its weights and running statistics under PyTorch's names. */
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly image: { readonly channels: number; readonly height: number; readonly width: number };
  /** Per channel, of pixels in [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Whether it was trained with drop path, which shows in names only. */
  readonly dropPath: boolean;
}

/** A trained network that is ready to classify one image after another. */
export interface ImageClassifier {
  /**
   * Probability of each class.
   *
   * @param planes [channels, height, width], numbers in [0, 1]
   * @throws SupernetError("device") when the device fails
   */
  classify(planes: Float32Array): Promise<number[]>;
  dispose(): void;
}

/** For one image at a time. */
export function classifierShape({ image: { height, width }, dropPath }: ClassifierParts): NetworkShape {
  return { batch: 1, height, width, affine: true, dropPath: dropPath ? "off" : "none" };
}

/** An image as the network was trained on images. @param planes as those of `ImageClassifier` */
export function normalised(planes: Float32Array, { image, mean, std }: ClassifierParts): Float32Array {
  const pixels = image.height * image.width;
  return planes.map((value, i) => {
    const channel = Math.floor(i / pixels);
    return (value - mean[channel]!) / std[channel]!;
  });
}

/** A trained network on the engine. */
export class Classifier implements ImageClassifier {
  readonly #engine: Engine;
  readonly #parts: ClassifierParts;
  readonly #network: Network;
  readonly #program: Program;
  readonly #x: GPUBuffer;
  readonly #y: GPUBuffer;
  readonly #step: StepUniform;
  #bound: BoundProgram | undefined;

  /** @throws SupernetError "io" for weights of another network, "device" where it does not fit */
  static async create(engine: Engine, parts: ClassifierParts): Promise<Classifier> {
    const classifier = engine.buffers.attempt(() => new Classifier(engine, parts));
    try {
      await classifier.#bind();
      return classifier;
    } catch (error) {
      classifier.dispose();
      throw error;
    }
  }

  private constructor(engine: Engine, parts: ClassifierParts) {
    const { desc, tensors, image } = parts;
    const { height, width, channels } = image;
    this.#engine = engine;
    this.#parts = parts;
    this.#network = new Network(engine, desc, classifierShape(parts));
    this.#network.load(paramValues(this.#network.params, tensors));
    this.#program = this.#network.evaluationProgram(0);
    this.#step = new StepUniform(engine.device, engine.buffers, 1);
    this.#x = engine.buffers.storage("image", 16 * Math.ceil(channels / 4) * height * width, "data");
    this.#y = engine.buffers.storage("label", 4, "data");
  }

  async #bind(): Promise<void> {
    this.#bound = await this.#program.bind({
      arenas: { params: this.#network.arenas, grads: {}, next: {} },
      inputs: { x: this.#x, y: this.#y },
      step: this.#step.buffer,
    });
  }

  async classify(planes: Float32Array): Promise<number[]> {
    const { channels, height, width } = this.#parts.image;
    const { queue } = this.#engine.device;
    queue.writeBuffer(this.#x, 0, packPlanes(normalised(planes, this.#parts), [1, channels, height, width]));
    submit(this.#engine, (encoder) => this.#bound!.encode(encoder));
    const logits = this.#program.output("logits");
    return probabilitiesOf(unpackPlanes(new Float32Array(await this.#engine.read(logits)), logits.type.shape));
  }

  dispose(): void {
    this.#bound?.dispose();
    this.#network.dispose();
    this.#step.dispose();
    for (const buffer of [this.#x, this.#y]) this.#engine.buffers.destroy(buffer);
  }
}
