import { ModelDescBuilder } from "../desc/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import { openCheckpoint } from "./keeping.ts";
import type { PhaseParts } from "./phase-parts.ts";
import type { PostTraining } from "./search.ts";

/**
 * Trains a found architecture for a few epochs (`nas.search.post_train`); undefined where the conf asks for none. It is
 * validated on the images that `val_ratio` keeps back, if any: what is chosen by the result must not have seen the test set.
 * @throws as `Trainers`
 */
export async function postTrain(found: ModelDesc, parts: PhaseParts): Promise<PostTraining | undefined> {
  const { environment, conf, dataset, seed, logger } = parts;
  const { model_desc, post_train } = conf.nas.search;
  if (!post_train || post_train.skip_unless_compared || post_train.trainer.epochs === 0) return undefined;
  const { trainer, loader } = post_train;
  const desc = new ModelDescBuilder().build(model_desc, found);
  const checkpoint = await openCheckpoint(parts.keeping, "post_train", { seed, desc: modelDescToYaml(desc) });
  logger.pushd("post_train");
  const training = await environment.trainers.fixed(desc, {
    control: environment,
    section: "nas.search.post_train.trainer",
    trainer,
    loader,
    dataset,
    seed,
    logger,
    checkpoint,
    path: "post_train",
    validateOn: loader.val_ratio > 0 ? "kept back" : "test",
  });
  logger.popd();
  return { desc, ...training };
}
