import type { Value } from "../graph/types.ts";
import type { Op } from "./context.ts";
import { ALPHAS, lowerCandidates, mix, PRIMITIVES } from "./mixture.ts";
import { opError } from "./op.ts";

/**
 * Petridish: what a new node could add to a cell that is already trained. All primitives on all states, each weighted
 * by its alpha, yet invisible: inputs pass no gradient back and the sum is shown as zeros forward, so the cell computes
 * and learns as without it while the alphas receive gradients.
 */
function petridishOp(name: string): Op {
  return {
    name,
    canDropPath: true,
    lower: (ctx, desc, inputs) => {
      const strides = desc.params.strides ?? [];
      if (inputs.length === 0 || strides.length !== inputs.length) {
        throw opError(ctx, desc, `needs one entry in params._strides for each of its ${inputs.length} states`);
      }
      const byInput = inputs.map((x, i) => {
        const hidden = ctx.g.add("stop_gradient", [x], {});
        return lowerCandidates(ctx, desc, hidden, strides[i] ?? 1, (primitive) => `_edges.${i}.${primitive}.1`);
      });
      // Alphas after the candidates: parameter order is PyTorch's. Zero-centred, so that no op starts ahead.
      const sums = byInput.map((candidates, i): Value => {
        const alphas = ctx.alphas(`${ALPHAS}.${i}`, PRIMITIVES.length, { kind: "uniform_fan_in", fanIn: 100 });
        return mix(ctx, alphas, candidates);
      });
      return ctx.g.add("stop_forward", [ctx.g.add("add", sums, {})], {});
    },
  };
}

export const petridishOps: readonly Op[] = [petridishOp("petridish_normal_op"), petridishOp("petridish_reduction_op")];
