import type { FactoryDesc, ImageKind } from "../desc/network-desc.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";

/** A hand-written network. */
export interface Factory {
  /** How many times smaller than the image its last features are: images may not be smaller than this. */
  readonly shrink: (images: ImageKind) => number;
  /** Whether the sides of images must be multiples of `shrink`: where a shortcut pools and cannot round up as convolutions do. */
  readonly whole?: boolean;
  /**
   * Adds the network to the graph. Modules are named as in PyTorch's best-known implementation, so that its checkpoints load.
   * @param x images, planes [N, C, H, W]
   * @returns logits, [N, classes, 1, 1]
   */
  lower(ctx: LowerContext, x: Value, desc: FactoryDesc): Value;
}

/** Networks that differ in a few numbers. */
export interface Family {
  /** Of well-known members, for messages and lists; aliases are not among them. */
  readonly names: readonly string[];
  /** The member of that name; undefined where the family has none. */
  find(name: string): Factory | undefined;
}

/** A family of named members. */
export function namedFamily<T>(members: Readonly<Record<string, T>>, make: (member: T) => Factory): Family {
  return {
    names: Object.keys(members),
    find: (name) => (Object.hasOwn(members, name) ? make(members[name]!) : undefined),
  };
}
