import type { FactoryDesc, ImageKind } from "../desc/network-desc.ts";
import { SupernetError } from "../errors.ts";
import { findFactory } from "./registry.ts";

/** The images that a network is for. */
export interface Images {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Their names. */
  readonly classes: readonly string[];
}

/** Images with a side below this are small: the stems for ImageNet would leave next to nothing of them. */
const LARGE = 128;

/** Python modules that specs of Archai name, and which version of a network they hold. */
const MODULES: readonly (readonly [prefix: string, images: ImageKind])[] = [
  ["torchvision.models", "large"],
  ["archai.supergraph.models", "small"],
  ["archai.cifar10_models", "small"],
];

/**
 * The name of the network that `nas.eval.model_factory_spec` asks for: its last part, as in `resnet18` or
 * `torchvision.models.resnet18`.
 * @throws SupernetError("config") for a module or a network that is not known
 */
export function factoryName(spec: string): string {
  const { name } = parseSpec(spec);
  findFactory(name);
  return name;
}

/**
 * The network of a spec for these images. A module before the name chooses the version: torchvision's is for large images,
 * Archai's for small ones. Else the size of the images does.
 * @throws SupernetError "config" as `factoryName`
 */
export function factoryDesc(spec: string, { height, width, channels, classes }: Images): FactoryDesc {
  const { module, name } = parseSpec(spec);
  const bySize = Math.min(height, width) < LARGE ? "small" : "large";
  findFactory(name);
  return { factory: name, images: module ?? bySize, dsCh: channels, nClasses: classes.length };
}

function parseSpec(spec: string): { module: ImageKind | undefined; name: string } {
  const dot = spec.lastIndexOf(".");
  const [prefix, name] = [spec.slice(0, Math.max(dot, 0)), spec.slice(dot + 1)];
  if (prefix === "") return { module: undefined, name };
  const module = MODULES.find(([known]) => prefix === known || prefix.startsWith(`${known}.`));
  if (module) return { module: module[1], name };
  throw new SupernetError(
    "config",
    `the hand-written network ${spec} is to come from the module ${prefix}, which supernet does not have; name it alone ` +
      `("${name}"), or with ${MODULES.slice(0, 2)
        .map(([known]) => known)
        .join(" or ")} before it`,
  );
}
