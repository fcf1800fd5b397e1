import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";

/**
 * No search: trains the hand-written network of `nas.eval.model_factory_spec`, or the cells of a description written by hand
 * (`nas.eval.final_desc_filename`), scaled as what a search has found.
 */
export const manual: Algorithm = {
  name: "manual",
  finalizers: [],
  check: ({ nas }) => {
    const { model_factory_spec: spec, final_desc_filename: path } = nas.eval;
    if (spec || path) return;
    throw new SupernetError(
      "config",
      "manual has no network to train: name one with nas.eval.model_factory_spec, such as resnet18, or a description with " +
        "nas.eval.final_desc_filename",
    );
  },
};
