import { SupernetError } from "../errors.ts";
import type { ParamSpec } from "../graph/types.ts";
import type { SafeTensor } from "./safetensors.ts";

const STATISTICS = ".running_stats";

/**
 * A network's parameters under PyTorch's names and in its layouts (conv OIHW, linear [out, in]), as `state_dict()` of the
 * reference has them; its second name for every edge's op (`_op` for `_wrapped`) and the batch counters of batch norms,
 * which nothing reads with a fixed momentum, are left out.
 *
 * @param values as `Network.save` yields them: running statistics as one tensor [2, C], which become two
 */
export function modelTensors(
  params: readonly ParamSpec[],
  values: ReadonlyMap<string, Float32Array>,
): Map<string, SafeTensor> {
  const tensors = new Map<string, SafeTensor>();
  for (const { name, role, shape } of params) {
    const data = values.get(name);
    if (!data) throw new Error(`no values for ${name}`);
    if (role !== "state") {
      tensors.set(name, { dtype: "F32", shape, data });
      continue;
    }
    const norm = name.slice(0, -STATISTICS.length);
    const channels = shape[1]!;
    tensors.set(`${norm}.running_mean`, { dtype: "F32", shape: [channels], data: data.subarray(0, channels) });
    tensors.set(`${norm}.running_var`, { dtype: "F32", shape: [channels], data: data.subarray(channels) });
  }
  return tensors;
}

/**
 * The inverse: values for `Network.load`. Further tensors of the file are ignored.
 * @throws SupernetError("io") naming the tensor that is missing or has another shape
 */
export function paramValues(
  params: readonly ParamSpec[],
  tensors: ReadonlyMap<string, SafeTensor>,
): Map<string, Float32Array> {
  const read = (name: string, shape: readonly number[]): Float32Array => {
    const tensor = tensors.get(name);
    if (tensor?.data instanceof Float32Array && String(tensor.shape) === String(shape)) return tensor.data;
    const found = tensor ? `is ${tensor.dtype} [${tensor.shape.join(", ")}]` : "is missing";
    throw new SupernetError(
      "io",
      `${name} ${found}; the model has F32 [${shape.join(", ")}]: is it another architecture?`,
    );
  };
  return new Map(
    params.map(({ name, role, shape }) => {
      if (role !== "state") return [name, read(name, shape)];
      const norm = name.slice(0, -STATISTICS.length);
      const channels = [shape[1]!];
      const both = [...read(`${norm}.running_mean`, channels), ...read(`${norm}.running_var`, channels)];
      return [name, Float32Array.from(both)];
    }),
  );
}
