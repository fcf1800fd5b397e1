import type { Engine } from "../runtime/webgpu/engine.ts";
import { Classifier, type ClassifierParts, type ImageClassifier } from "./classifier.ts";
import { type EngineSource, survivingLoss } from "./engine-source.ts";

/**
 * A trained network on the engine, for one image after another; when the device is lost, it is set up again on the next one.
 * @throws SupernetError "io" for weights of another network, "device" where it does not fit
 */
export async function openClassifier(source: EngineSource, parts: ClassifierParts): Promise<ImageClassifier> {
  let opened: { readonly engine: Engine; readonly classifier: Classifier } | undefined;
  const on = async (engine: Engine) => {
    if (opened?.engine !== engine) opened = { engine, classifier: await Classifier.create(engine, parts) };
    return opened.classifier;
  };
  await survivingLoss(source, { control: {}, run: on });
  return {
    classify: (planes) =>
      survivingLoss(source, { control: {}, run: async (engine) => (await on(engine)).classify(planes) }),
    dispose: () => opened?.classifier.dispose(),
  };
}
