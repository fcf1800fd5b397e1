import { suggest } from "../config/nearest.ts";
import { SupernetError } from "../errors.ts";
import type { Algorithm } from "../nas/algorithm.ts";
import { darts } from "./darts/index.ts";
import { didarts } from "./didarts/index.ts";
import { divnas } from "./divnas/index.ts";
import { gs } from "./gs/index.ts";
import { manual } from "./manual/index.ts";
import { nasbench101 } from "./nasbench101/index.ts";
import { petridish } from "./petridish/index.ts";
import { random } from "./random/index.ts";
import { xnas } from "./xnas/index.ts";

export const algorithms: readonly Algorithm[] = [
  darts,
  didarts,
  divnas,
  gs,
  manual,
  nasbench101,
  petridish,
  random,
  xnas,
];

export const algorithmNames: readonly string[] = algorithms.map(({ name }) => name);

/** @throws SupernetError("config") naming the nearest algorithm when there is none of that name */
export function findAlgorithm(name: string): Algorithm {
  const algorithm = algorithms.find((candidate) => candidate.name === name);
  if (algorithm) return algorithm;
  throw new SupernetError("config", `there is no algorithm "${name}"; ${suggest(name, algorithmNames)}`);
}
