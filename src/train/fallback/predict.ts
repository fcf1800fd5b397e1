import * as tf from "@tensorflow/tfjs-core";
import type { ModelDesc } from "../../desc/model-desc.ts";
import { flat, planes } from "../../graph/types.ts";
import { fromTensor, toTensor } from "../../runtime/tfjs/index.ts";
import { FallbackNetwork } from "./network.ts";

/** Images as the network was trained on them: normalised, row-major [N, C, H, W]. */
export interface Images {
  readonly data: ArrayLike<number>;
  readonly shape: readonly [n: number, c: number, h: number, w: number];
}

/**
 * Logits of a trained network in evaluation mode, row-major [N, classes]: to classify images and to count confusions.
 *
 * @param values weights and running statistics by name, as training yields them
 * @throws Error when a parameter of the network has no value
 */
export async function predictFallback(
  desc: ModelDesc,
  values: ReadonlyMap<string, ArrayLike<number>>,
  { data, shape }: Images,
): Promise<Float32Array> {
  const [batch, , height, width] = shape;
  const network = new FallbackNetwork(desc, { batch, height, width, affine: true, dropPath: "none" }, 0);
  const x = toTensor(data, planes(shape)) as tf.Tensor4D;
  const y = tf.zeros([batch], "int32") as tf.Tensor1D;
  try {
    network.load(values);
    const program = network.evaluationProgram(0, batch);
    const logits = tf.tidy(() => program.run({ x, y, valid: batch, sampleStart: 0 }).logits);
    const read = await fromTensor(logits, flat(logits.shape));
    logits.dispose();
    return read;
  } finally {
    tf.dispose([x, y]);
    network.dispose();
  }
}
