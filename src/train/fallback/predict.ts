import * as tf from "@tensorflow/tfjs-core";
import { flat, planes } from "../../graph/types.ts";
import { fromTensor, toTensor } from "../../runtime/tfjs/index.ts";
import type { FallbackProgram } from "./program.ts";

/** Images as the network was trained on them: normalised, row-major [N, C, H, W]. */
export interface Images {
  readonly data: ArrayLike<number>;
  readonly shape: readonly [n: number, c: number, h: number, w: number];
}

/**
 * Logits by an evaluation program, row-major [N, classes].
 * @param images as many as the program's batch
 */
export async function predictFallback(program: FallbackProgram, { data, shape }: Images): Promise<Float32Array> {
  const [batch] = shape;
  const x = toTensor(data, planes(shape)) as tf.Tensor4D;
  const y = tf.zeros([batch], "int32") as tf.Tensor1D;
  try {
    const logits = tf.tidy(() => program.run({ x, y, valid: batch, sampleStart: 0 }).logits);
    const read = await fromTensor(logits, flat(logits.shape));
    logits.dispose();
    return read;
  } finally {
    tf.dispose([x, y]);
  }
}
