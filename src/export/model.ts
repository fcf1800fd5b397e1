import { SupernetError } from "../errors.ts";
import type { ParamSpec } from "../graph/types.ts";
import type { SafeTensor } from "./safetensors.ts";

const STATISTICS = ".running_stats";
const COUNTER = ".num_batches_tracked";

export interface ModelTensorsOptions {
  /**
   * Training batches the running statistics have seen. If given, every batch norm gets its `num_batches_tracked`, which
   * PyTorch keeps but only reads when its momentum is `None`.
   */
  readonly batches?: number;
}

/**
 * A network's parameters under PyTorch's names and in its layouts (convolutions OIHW, linear [out, in]), in PyTorch's order:
 * running statistics, one tensor [2, C] here, become `running_mean` and `running_var` [C].
 *
 * What PyTorch's `load_state_dict` needs to take the file into the reference's model with `strict=True`:
 * - The reference registers the op of every edge twice, as `_wrapped` (with drop path `_wrapped.0`) and as `_op`; the file
 *   has the first name only. In Python:
 *   `state |= {re.sub(r"\._wrapped(\.0)?\.", "._op.", name): tensor for name, tensor in state.items()}`
 * - Nothing about `num_batches_tracked`: where a state dict has no version, as when read from safetensors, batch norms put
 *   in a missing counter themselves.
 *
 * @param values by our names, as `Network.save` yields them. Tensors share their memory.
 */
export function modelTensors(
  params: readonly ParamSpec[],
  values: ReadonlyMap<string, Float32Array>,
  { batches }: ModelTensorsOptions = {},
): Map<string, SafeTensor> {
  const tensors = new Map<string, SafeTensor>();
  for (const { name, role, shape } of params) {
    const data = values.get(name);
    if (!data) throw new Error(`no values for ${name}`);
    if (role !== "state") {
      tensors.set(name, { dtype: "F32", shape, data });
      continue;
    }
    const { norm, channels } = statistics(name, shape);
    tensors.set(`${norm}.running_mean`, { dtype: "F32", shape: [channels], data: data.subarray(0, channels) });
    tensors.set(`${norm}.running_var`, { dtype: "F32", shape: [channels], data: data.subarray(channels) });
    if (batches !== undefined) {
      tensors.set(norm + COUNTER, { dtype: "I64", shape: [], data: BigInt64Array.of(BigInt(batches)) });
    }
  }
  return tensors;
}

/**
 * The inverse: values for `Network.load`. Second names and counters of a state dict that PyTorch saved are passed over.
 *
 * @throws SupernetError("io") naming a tensor that is missing, has another shape, or that the model does not have
 */
export function paramValues(
  params: readonly ParamSpec[],
  tensors: ReadonlyMap<string, SafeTensor>,
): Map<string, Float32Array> {
  const unread = new Set([...tensors.keys()].filter((name) => !name.endsWith(COUNTER) && !SECOND_NAME.test(name)));
  const read = (name: string, shape: readonly number[]): Float32Array => {
    unread.delete(name);
    const tensor = tensors.get(name);
    if (tensor?.dtype === "F32" && String(tensor.shape) === String(shape)) return tensor.data;
    const found = tensor ? `is ${tensor.dtype} [${tensor.shape.join(", ")}]` : "is missing";
    throw otherModel(`${name} ${found}, the model wants F32 [${shape.join(", ")}]`);
  };
  const values = new Map<string, Float32Array>();
  for (const { name, role, shape } of params) {
    if (role !== "state") {
      values.set(name, read(name, shape));
      continue;
    }
    const { norm, channels } = statistics(name, shape);
    const both = new Float32Array(2 * channels);
    both.set(read(`${norm}.running_mean`, [channels]));
    both.set(read(`${norm}.running_var`, [channels]), channels);
    values.set(name, both);
  }
  for (const name of unread) throw otherModel(`the model has no ${name}`);
  return values;
}

/** An edge's op under the name that the reference gives it besides `_wrapped`. */
const SECOND_NAME = /\.dag\.\d+\.\d+\._op\./;

function statistics(name: string, shape: readonly number[]): { norm: string; channels: number } {
  return { norm: name.slice(0, -STATISTICS.length), channels: shape[1]! };
}

const otherModel = (what: string) =>
  new SupernetError(
    "io",
    `the weights are those of another architecture: ${what}; use the description saved with them`,
  );
