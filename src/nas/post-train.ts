import { ModelDescBuilder } from "../desc/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { PhaseParts } from "./phase-parts.ts";
import { trainInPhase } from "./phase-training.ts";
import type { PostTraining } from "./search.ts";

/**
 * Trains a found architecture for a few epochs (`nas.search.post_train`); undefined where the conf asks for none. It is
 * validated on the images that `val_ratio` keeps back, if any: what is chosen by the result must not have seen the test set.
 * @throws as `Trainers`
 */
export async function postTrain(found: ModelDesc, parts: PhaseParts): Promise<PostTraining | undefined> {
  const { model_desc, post_train } = parts.conf.nas.search;
  if (!post_train || post_train.skip_unless_compared || post_train.trainer.epochs === 0) return undefined;
  const { trainer, loader } = post_train;
  const desc = new ModelDescBuilder().build(model_desc, found);
  const training = await trainInPhase(desc, parts, {
    title: "post_train",
    section: "nas.search.post_train.trainer",
    trainer,
    loader,
    path: "post_train",
    validateOn: loader.val_ratio > 0 ? "kept back" : "test",
  });
  return { desc, ...training };
}
