import * as tf from "@tensorflow/tfjs-core";
import { ROLES } from "../parameters.ts";
import type { Vectors } from "../snapshot.ts";
import type { FallbackNetwork } from "./network.ts";
import type { FallbackOptimizer } from "./optimizer.ts";

/** All that an epoch leaves to the next. */
export interface TrainedParts {
  readonly network: FallbackNetwork;
  /** By what they move. */
  readonly optimizers: ReadonlyMap<string, FallbackOptimizer>;
}

/** Copies it to the host. @param read as `tf.Tensor.data` */
export async function readVectors(
  { network, optimizers }: TrainedParts,
  read: (tensor: tf.Tensor) => Promise<ArrayLike<number>>,
): Promise<Vectors> {
  const tensors: [string, tf.Tensor][] = [
    ...ROLES.map((role): [string, tf.Tensor] => [role, network.vectors[role]]),
    ...[...optimizers].flatMap(([moved, { state }]) =>
      Object.entries(state).map(([name, tensor]): [string, tf.Tensor] => [`${moved} ${name}`, tensor]),
    ),
  ];
  const copied = tensors.map(async ([name, tensor]) => [name, Float32Array.from(await read(tensor))] as const);
  return new Map(await Promise.all(copied));
}

/** Puts everything back as it was. @throws Error for vectors of another training */
export function restoreVectors({ network, optimizers }: TrainedParts, vectors: Vectors): void {
  const vector = (name: string, size: number) => {
    const found = vectors.get(name);
    if (found?.length !== size) throw new Error(`the snapshot has no ${name} of ${size} numbers`);
    return found;
  };
  for (const role of ROLES) network.set(role, tf.tensor1d(vector(role, network.vectors[role].size)));
  for (const [moved, optimizer] of optimizers) {
    optimizer.restore((name, size) => tf.tensor1d(vector(`${moved} ${name}`, size)));
  }
}
