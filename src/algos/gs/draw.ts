import { type NodePlace, nodeRng } from "../../nas/finalizers.ts";
import { gumbel } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";

/** A random choice among logits, each with the probability that their softmax gives it. @returns its index */
export type Draw = (logits: readonly number[]) => number;

/** The choices of a node, one after another. */
export type DrawAt = (place: NodePlace) => Draw;

/** Choices that the seed and the node's place decide. */
export const drawsOf = (seed: number): DrawAt => {
  return (place) => {
    const rng = nodeRng(seed, STREAMS.gumbelFinal, place);
    return (logits) => {
      const noisy = logits.map((logit) => logit + gumbel(rng.word()));
      return noisy.indexOf(Math.max(...noisy));
    };
  };
};
