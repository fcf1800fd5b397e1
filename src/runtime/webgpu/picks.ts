import type { Tuning } from "./kernel.ts";

/** What was found to be fastest, by the keys of `Tuning.pick`: candidates as plain data. */
export type Picks = ReadonlyMap<string, unknown>;

/** The candidate that is the same plain data as `choice`; undefined where there is none (any more). */
export function candidateLike<T>(candidates: readonly T[], choice: unknown): T | undefined {
  if (choice === undefined) return undefined;
  const wanted = JSON.stringify(choice);
  return candidates.find((candidate) => JSON.stringify(candidate) === wanted);
}

/** `tuning` with what `picks` says; other keys are as before. */
export function withPicks(tuning: Tuning, picks: Picks): Tuning {
  const pick = <T>(key: string, candidates: readonly T[]): T =>
    candidateLike(candidates, picks.get(key)) ?? tuning.pick(key, candidates);
  return { ...tuning, pick };
}

/** What suits a kind of adapter without any measuring: small workgroups and many pixels a thread where the CPU computes. */
export function untuned(kind: "gpu" | "software"): Tuning {
  const pick = <T>(key: string, [first]: readonly T[]): T => {
    if (first === undefined) throw new Error(`no candidates for ${key}`);
    return first;
  };
  return kind === "software" ? { workgroup: 8, pixels: 32, pick } : { workgroup: 64, pixels: 4, pick };
}
