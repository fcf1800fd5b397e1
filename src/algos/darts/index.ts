import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";
import { bilevel } from "../../nas/bilevel-optimizer.ts";
import { selectBest, selectRandom } from "../../nas/finalizers.ts";
import { Rng } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import { DartsModelDescBuilder } from "./builder.ts";

/** Nodes a cell can have before two of them would share a random stream. */
const NODES = 1024;

/** DARTS: differentiable architecture search (Liu, Simonyan, Yang 2019, arXiv:1806.09055). */
export const darts: Algorithm = {
  name: "darts",
  builder: () => new DartsModelDescBuilder(),
  roles: (conf) => (conf.trainer.reference_quirks ? ["weights", "alphas"] : ["weights"]),
  hook: (_conf, val) => bilevel(val),
  finalizer: ({ finalizer }, seed) => {
    switch (finalizer) {
      case "default":
        return selectBest;
      case "random":
        return selectRandom((total, count, { cell, node }) =>
          new Rng(seed, STREAMS.randomSearch, cell * NODES + node).permutation(total).subarray(0, count),
        );
      default:
        throw new SupernetError(
          "config",
          `darts has no finalizer "${finalizer}"; set nas.search.finalizer to default or random`,
        );
    }
  },
};
