import { type Covariance, logDeterminant } from "./matrix.ts";

// Which candidates tell most about all the others (Krause, Singh, Guestrin 2008, "Near-optimal sensor placements in Gaussian
// processes"): candidates are taken for Gaussian variables with the covariance of their kernel. For a subset A of V
//
//     I(A; V - A) = (log det K_A + log det K_(V-A) - log det K_V) / 2

export interface Subset {
  readonly chosen: readonly number[];
  /** Mutual information between the subset and all others, in nats. */
  readonly information: number;
}

/** Subsets that may be looked at for a node: some hundred milliseconds. */
const MOST_SUBSETS = 20_000;

/** I(A; V - A). */
export function mutualInformation(covariance: Covariance, chosen: readonly number[]): number {
  return (score(covariance, chosen) - logDeterminant(covariance, allOf(covariance))) / 2;
}

/** Twice the mutual information, but for what all subsets have in common. */
function score(covariance: Covariance, chosen: readonly number[]): number {
  const others = allOf(covariance).filter((candidate) => !chosen.includes(candidate));
  return logDeterminant(covariance, chosen) + logDeterminant(covariance, others);
}

const allOf = ({ size }: Covariance): number[] => Array.from({ length: size }, (_, candidate) => candidate);

/** The subset of `count` candidates with the most mutual information, in rising order; the first of equals. */
export function bestSubset(covariance: Covariance, count: number): Subset {
  let best: { chosen: readonly number[]; score: number } | undefined;
  for (const chosen of subsets(covariance.size, count)) {
    const its = score(covariance, chosen);
    if (!best || its > best.score) best = { chosen, score: its };
  }
  const { chosen } = best!;
  return { chosen, information: mutualInformation(covariance, chosen) };
}

/**
 * Candidate after candidate, each the one that adds the most mutual information to those before it: at least 63 % of the best
 * subset's, as far as this is submodular and monotonic.
 */
export function greedySubset(covariance: Covariance, count: number): Subset {
  const chosen: number[] = [];
  while (chosen.length < count) {
    const left = allOf(covariance).filter((candidate) => !chosen.includes(candidate));
    const scores = left.map((candidate) => score(covariance, [...chosen, candidate]));
    chosen.push(left[scores.indexOf(Math.max(...scores))]!);
  }
  return { chosen, information: mutualInformation(covariance, chosen) };
}

/** The best subset, or the greedy one where there are too many to look at. */
export function diverseSubset(covariance: Covariance, count: number): Subset {
  return countSubsets(covariance.size, count) <= MOST_SUBSETS
    ? bestSubset(covariance, count)
    : greedySubset(covariance, count);
}

/** How many subsets of `count` of `size` things there are. */
export function countSubsets(size: number, count: number): number {
  let subsets = 1;
  for (let i = 0; i < Math.min(count, size - count); i++) subsets = (subsets * (size - i)) / (i + 1);
  return Math.round(subsets);
}

/** In lexicographic order. */
function* subsets(size: number, count: number, from = 0): Generator<readonly number[]> {
  if (count === 0) {
    yield [];
    return;
  }
  for (let first = from; first <= size - count; first++) {
    for (const rest of subsets(size, count - 1, first + 1)) yield [first, ...rest];
  }
}
