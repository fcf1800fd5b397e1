import type { DispatchSpec, TensorRef } from "./kernel.ts";
import { storageBytes } from "./layout.ts";
import type { Storage } from "./lowering.ts";
import { type Place, planBuffers } from "./planner.ts";

/** Where the temporaries of a program lie. */
export interface TemporaryPlan {
  /** By storage number. */
  readonly places: ReadonlyMap<number, Place>;
  readonly bufferBytes: readonly number[];
}

/** A temporary lives from the first dispatch that binds it, or a view of it, to the last one. */
export function planTemporaries(storages: readonly Storage[], dispatches: readonly DispatchSpec[]): TemporaryPlan {
  const requests: { bytes: number; first: number; last: number }[] = [];
  const apart: Set<number>[] = [];
  const requestOf = new Map<number, number>();
  const temporaries = (refs: readonly TensorRef[], step: number): number[] =>
    refs.flatMap(({ storage: id }) => {
      const bound = storages[id]!;
      const base = bound.kind === "view" ? bound.of : id;
      const storage = storages[base]!;
      if (storage.kind !== "temporary") return [];
      const known = requestOf.get(base);
      if (known !== undefined) {
        requests[known]!.last = step;
        return [known];
      }
      const request = requests.length;
      requests.push({ bytes: storageBytes(storage.type), first: step, last: step });
      apart.push(new Set());
      requestOf.set(base, request);
      return [request];
    });
  dispatches.forEach(({ reads, writes }, step) => {
    const read = temporaries(reads, step);
    for (const written of temporaries(writes, step)) {
      for (const other of read) {
        apart[written]!.add(other);
        apart[other]!.add(written);
      }
    }
  });
  const { places, bufferBytes } = planBuffers(requests, apart);
  return { places: new Map([...requestOf].map(([id, request]) => [id, places[request]!])), bufferBytes };
}
