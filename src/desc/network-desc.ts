import type { ModelDesc } from "./model-desc.ts";

/**
 * A hand-written network: which one, and for what. As `ModelDesc` it is plain data that survives a file; `src/models/` has the
 * networks.
 */
export interface FactoryDesc {
  /** Its name, such as `resnet18`. */
  readonly factory: string;
  /** Some networks begin (or end) differently on small images. */
  readonly images: ImageKind;
  readonly dsCh: number;
  readonly nClasses: number;
}

/** `small` as CIFAR's, `large` as ImageNet's. */
export type ImageKind = "small" | "large";

/** Any network that can be trained. */
export type NetworkDesc = ModelDesc | FactoryDesc;

export const isFactory = (desc: NetworkDesc): desc is FactoryDesc => "factory" in desc;

/** For what only ever meets networks of cells, such as supernets; throws for any other. */
export function modelOf(desc: NetworkDesc): ModelDesc {
  if (!isFactory(desc)) return desc;
  throw new Error(`${desc.factory} is no network of cells`);
}
