import type { Graph, OpName, Value } from "../../../graph/types.ts";
import type { Engine } from "../engine.ts";
import type { Kernels, Lower, LowerContext, TensorRef, Tuning } from "../kernel.ts";
import { storageBytes } from "../layout.ts";
import { Lowering } from "../lowering.ts";

/** A choice that the lowering of some graphs asks for. */
export interface TuningRequest {
  readonly key: string;
  readonly candidates: readonly unknown[];
  /** What it is given now. */
  readonly picked: unknown;
  /** Of the nodes that ask, the one that costs most. */
  readonly graph: Graph;
  readonly value: Value;
  /** Estimate for all nodes that ask, see `dispatchCost`. */
  readonly cost: number;
}

/** Flops that take an adapter as long as moving a byte: about 5 on a CPU, about 12 on a GPU. */
const FLOPS_PER_BYTE = 8;

/**
 * The choices that graphs ask for when they are lowered, the most expensive first. Nothing is created on the device.
 *
 * @throws SupernetError("device") when a tensor does not fit the device
 */
export function tuningRequests(engine: Engine, graphs: readonly Graph[], kernels: Kernels): TuningRequest[] {
  const requests = new Map<string, TuningRequest & { readonly most: number }>();
  for (const graph of graphs) {
    const lowered = (context: LowerContext<OpName>, lower: Lower<OpName>) => {
      const asked = new Map<string, Pick<TuningRequest, "candidates" | "picked">>();
      let cost = 0;
      const pick = <T>(key: string, candidates: readonly T[]): T => {
        const picked = context.tuning.pick(key, candidates);
        asked.set(key, { candidates, picked });
        return picked;
      };
      lower({
        ...context,
        tuning: { ...context.tuning, pick },
        dispatch(spec) {
          cost += (spec.flops ?? 0) / FLOPS_PER_BYTE + bytes(spec.reads) + bytes(spec.writes);
          context.dispatch(spec);
        },
      });
      const value = graph.nodes.indexOf(context.node) as Value;
      for (const [key, { candidates, picked }] of asked) {
        const known = requests.get(key);
        const total = cost + (known?.cost ?? 0);
        const larger = !known || cost > known.most;
        requests.set(
          key,
          larger ? { key, candidates, picked, graph, value, cost: total, most: cost } : { ...known, cost: total },
        );
      }
    };
    new Lowering(
      engine,
      graph,
      eachKernel(kernels, (lower) => (context) => lowered(context, lower)),
    );
  }
  return [...requests.values()].sort((a, b) => b.cost - a.cost);
}

const bytes = (refs: readonly TensorRef[]) => refs.reduce((sum, { type }) => sum + storageBytes(type), 0);

/** The same kernels, choosing by `change`d tuning. */
export const retuned = (kernels: Kernels, change: (tuning: Tuning) => Tuning): Kernels =>
  eachKernel(kernels, (lower) => (context) => lower({ ...context, tuning: change(context.tuning) }));

function eachKernel(kernels: Kernels, wrap: (lower: Lower<OpName>) => Lower<OpName>): Kernels {
  return Object.fromEntries(
    Object.entries(kernels).map(([op, lower]) => [op, wrap(lower as Lower<OpName>)]),
  ) as Kernels;
}
