import { modelDesc as confSchema } from "../../config/schema/nas.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import type { ModelDesc } from "../../desc/model-desc.ts";
import type { SearchMethod } from "../../nas/search-method.ts";
import { addPetridishNode, PetridishModelBuilder } from "./builder.ts";
import { petridishFinalizer } from "./finalizer.ts";

/**
 * How a candidate is trained: the parent goes on learning beside the ops that a new node could have, all by one optimizer as
 * in Archai. The alphas are held back by L1 (`l1_alphas`; Hu et al. 2019, section 4.2), so that few ops stand out.
 */
export const candidateMethod: SearchMethod = {
  builder: () => new CandidateBuilder(),
  // The parent was trained with them.
  affine: true,
  optimizers: () => ({ weights: "optimizer", alphas: "optimizer" }),
  finalizer: ({ trainer }) => petridishFinalizer(trainer.reference_quirks),
};

/**
 * The first candidate of a seed of the section's size. Seeds are drawn; this one has the ops that take the most memory, for
 * forecasts.
 */
class CandidateBuilder extends ModelDescBuilder {
  override build(section: Readonly<Record<string, unknown>>): ModelDesc {
    const { cell } = confSchema.parse(section);
    const nodes = Array.from({ length: cell.n_nodes }, () => ({
      ops: ["sep_conv_5x5", "sep_conv_5x5"],
      inputs: [0, 1],
    }));
    return addPetridishNode(new PetridishModelBuilder({ regular: nodes, reduction: nodes }).build(section));
  }
}
