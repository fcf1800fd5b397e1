import { SupernetError } from "../errors.ts";
import { elements, type TensorType } from "../graph/types.ts";

/** What a graph is run on, in the same form for every backend: row-major NCHW for planes, row-major for flat tensors. */
export interface Feeds {
  readonly inputs: Readonly<Record<string, ArrayLike<number>>>;
  readonly params: Readonly<Record<string, ArrayLike<number>>>;
  /** For graphs that draw random numbers; the temperature of Gumbel-softmax samples is 1 by default. */
  readonly step?: {
    readonly seed: number;
    readonly step: number;
    readonly dropPath: number;
    readonly temperature?: number;
  };
}

/** @throws SupernetError("graph") when a tensor is missing, or its numbers are not as many as its elements */
export function requireFed(
  kind: "input" | "parameter",
  name: string,
  data: ArrayLike<number> | undefined,
  type: TensorType,
): ArrayLike<number> {
  const count = elements(type);
  if (data?.length === count) return data;
  const fed = data ? `needs ${count} numbers, but is fed ${data.length}` : "is not fed";
  throw new SupernetError("graph", `${kind} ${name} [${type.shape.join(", ")}] ${fed}`);
}
