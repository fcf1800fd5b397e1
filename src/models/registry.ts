import { suggest } from "../config/nearest.ts";
import { SupernetError } from "../errors.ts";
import { cifarResnets } from "./cifar-resnet.ts";
import { cifarDensenets, densenets } from "./densenet.ts";
import type { Factory, Family } from "./factory.ts";
import { mobilenets } from "./mobilenet.ts";
import { pyramidnets } from "./pyramidnet.ts";
import { resnets } from "./resnet.ts";
import { shakeShakes } from "./shake-shake.ts";
import { vggs } from "./vgg.ts";
import { wideResnets } from "./wide-resnet.ts";

const families: readonly Family[] = [
  resnets,
  cifarResnets,
  wideResnets,
  densenets,
  cifarDensenets,
  vggs,
  mobilenets,
  pyramidnets,
  shakeShakes,
];

/** The well-known hand-written networks; of some families there are others. */
export const factoryNames: readonly string[] = families.flatMap(({ names }) => names);

/** @throws SupernetError("config") naming the nearest network when there is none of that name, or what its numbers may be */
export function findFactory(name: string): Factory {
  for (const family of families) {
    const factory = family.find(name);
    if (factory) return factory;
  }
  throw new SupernetError("config", `there is no hand-written network "${name}"; ${suggest(name, factoryNames)}`);
}
