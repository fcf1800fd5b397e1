import { rgbaPlanes } from "../data/rgba.ts";
import { parseNetworkDesc } from "../desc/yaml.ts";
import { SupernetError } from "../errors.ts";
import { readSafetensors } from "../export/safetensors.ts";
import type { ImageClassifier } from "../nas/classifier.ts";
import { runFolder } from "../nas/phase.ts";
import type { Backend } from "./backend.ts";
import type { DeviceHolder } from "./device.ts";
import type { Host } from "./host.ts";
import type { ClassScore, RunSummary } from "./protocol.ts";
import { runSummaryOf } from "./runs.ts";

interface Loaded {
  readonly name: string;
  /** When the run ended whose weights these are. */
  readonly ended: number;
  readonly backend: Backend;
  readonly facts: NonNullable<RunSummary["eval"]>;
  readonly classifier: ImageClassifier;
}

/** Classifies images by the networks of kept runs; the last one stays on the device for further images. */
export class RunClassifier {
  readonly #host: Host;
  readonly #device: DeviceHolder;
  #loaded: Loaded | undefined;
  /** Calls wait for each other: none shall dispose the network of another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(host: Host, device: DeviceHolder) {
    this.#host = host;
    this.#device = device;
  }

  /** @throws SupernetError "io" where the run has no weights, "device" when the device fails */
  classify(name: string, image: ImageData): Promise<ClassScore[]> {
    const scores = this.#last.then(() => this.#classify(name, image));
    this.#last = scores.catch(() => {});
    return scores;
  }

  async #classify(name: string, image: ImageData): Promise<ClassScore[]> {
    const { facts, classifier } = await this.#load(name);
    const probabilities = await classifier.classify(rgbaPlanes(image, facts.image.channels, facts.image.height));
    const scores = facts.classes.map((label, index) => ({ label, probability: probabilities[index]! }));
    return scores.sort((a, b) => b.probability - a.probability);
  }

  async #load(name: string): Promise<Loaded> {
    const { files, root } = this.#host;
    const summary = await runSummaryOf(files, root, name);
    if (!summary?.eval || !summary.classifier) {
      throw new SupernetError("io", `the run ${name} has no trained network: let its evaluation run to the end`);
    }
    const backend = await this.#device.open();
    const { ended, eval: facts, classifier: data } = summary;
    const known = this.#loaded;
    if (known?.name === name && known.ended === ended && known.backend === backend) return known;
    this.dispose();
    const folder = runFolder(root, name, "eval");
    const description = `${folder}/full_model_desc.yaml`;
    const weights = `${folder}/model.safetensors`;
    const desc = parseNetworkDesc(await files.readText(description), description);
    const tensors = readSafetensors(await files.readBytes(weights), weights);
    const classifier = await backend.classifier({ desc, tensors, image: facts.image, ...data });
    this.#loaded = { name, ended, backend, facts, classifier };
    return this.#loaded;
  }

  dispose(): void {
    this.#loaded?.classifier.dispose();
    this.#loaded = undefined;
  }
}
