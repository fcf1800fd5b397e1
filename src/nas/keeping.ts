import type { Dataset, Split } from "../data/dataset.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import { type Cadence, Checkpoint, type CheckpointParts, type CheckpointSpec } from "./checkpoint.ts";
import { sha256, sha256OfJson } from "./sha256.ts";
import type { Identity } from "./snapshot-file.ts";

/** How the trainings of a phase are kept while they run. */
export interface Keeping extends CheckpointParts {
  /** Path and beginning of the names of their files. */
  readonly stem: string;
  readonly cadence: Cadence;
  /** Of the phase. */
  readonly identity: Identity;
}

/** `checkpoint` of a conf as the beginning of names: `$expdir/checkpoint.pth` stands for `$expdir/checkpoint.<training>.safetensors`. */
export const stemOf = (filename: string): string => filename.replace(/\.[^./]+$/, "");

/**
 * How a training of a phase is kept.
 * @param title of the training, different for each of the phase
 * @param network a hash of all that decides it beside conf and data set
 */
export const checkpointSpec = (
  { stem, cadence, identity }: Keeping,
  title: string,
  network: string,
): CheckpointSpec => ({
  path: `${stem}.${title}.safetensors`,
  cadence,
  identity: { ...identity, network },
});

/**
 * The checkpoint of a training; undefined where none is to be kept.
 * @param title of the training, different for each of the phase
 * @param network with its seed: all that decides the training beside conf and data set
 */
export async function openCheckpoint(
  keeping: Keeping | undefined,
  title: string,
  { seed, desc }: { readonly seed: number; readonly desc: NetworkDesc },
): Promise<Checkpoint | undefined> {
  if (!keeping) return undefined;
  const network = await sha256OfJson({ seed, desc: modelDescToYaml(desc) });
  return new Checkpoint(checkpointSpec(keeping, title, network), keeping);
}

/** Removes the checkpoints of trainings that nobody will go on with. */
export async function removeCheckpoints({ files, stem }: Keeping): Promise<void> {
  const slash = stem.lastIndexOf("/");
  const [folder, name] = [stem.slice(0, slash), stem.slice(slash + 1)];
  for (const file of await files.listFiles(folder)) {
    // Weights of the same stem have no title between.
    const isKept = file.startsWith(name) && /^\..+\.safetensors$/.test(file.slice(name.length));
    if (isKept) await files.remove(`${folder}/${file}`);
  }
}

const hashes = new WeakMap<Dataset, Promise<string>>();

/** A hash of all images and labels. */
export function hashOf(dataset: Dataset): Promise<string> {
  let hash = hashes.get(dataset);
  if (!hash) {
    hash = hashAll(dataset);
    hashes.set(dataset, hash);
  }
  return hash;
}

async function hashAll({ train, test, classes, mean, std }: Dataset): Promise<string> {
  const split = async ({ images, labels }: Split) => {
    return [await sha256(images), await sha256(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength))];
  };
  return sha256OfJson([await split(train), await split(test), classes, mean, std]);
}
