import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";
import { NasBench101ModelDescBuilder } from "./builder.ts";

/** No search: trains a network of NASBench-101 (Ying et al. 2019, arXiv:1902.09635), given by its cell's adjacency matrix. */
export const nasbench101: Algorithm = {
  name: "nasbench101",
  finalizers: [],
  check: ({ nas }) => {
    const { model_factory_spec: spec, model_desc, trainer } = nas.eval;
    // A hand-written network is trained in place of the cells.
    if (spec) return;
    new NasBench101ModelDescBuilder().build(model_desc);
    if (trainer.aux_weight > 0 && !model_desc.reference_quirks) {
      throw new SupernetError(
        "config",
        "networks of nasbench101 have no aux tower: set nas.eval.trainer.aux_weight to 0.0",
      );
    }
  },
  network: ({ nas }) => new NasBench101ModelDescBuilder().build(nas.eval.model_desc),
};
