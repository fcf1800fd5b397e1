import { basename } from "node:path";
import { DartsModelDescBuilder } from "../algos/darts/builder.ts";
import { DivnasModelDescBuilder } from "../algos/divnas/builder.ts";
import { GsModelDescBuilder } from "../algos/gs/builder.ts";
import { NasBench101ModelDescBuilder } from "../algos/nasbench101/builder.ts";
import { XnasModelDescBuilder } from "../algos/xnas/builder.ts";
import { suggest } from "../config/nearest.ts";
import { ModelDescBuilder } from "../desc/builder.ts";
import { SupernetError } from "../errors.ts";

/** Builders that need nothing but a conf. */
const BUILDERS: Readonly<Record<string, () => ModelDescBuilder>> = {
  base: () => new ModelDescBuilder(),
  darts: () => new DartsModelDescBuilder(),
  divnas: () => new DivnasModelDescBuilder(),
  gs: () => new GsModelDescBuilder(),
  nasbench101: () => new NasBench101ModelDescBuilder(),
  xnas: () => new XnasModelDescBuilder(),
};

/**
 * The builder of that name, or else the one that the first conf file is named after (`darts_toy.yaml`: darts).
 * @throws SupernetError("config") naming the builders there are
 */
export function builderFor(name: string | undefined, conf: string): ModelDescBuilder {
  const [file = ""] = conf.split(";");
  const wanted = name ?? basename(file.trim()).split(/[_.]/)[0] ?? "";
  const make = Object.hasOwn(BUILDERS, wanted) ? BUILDERS[wanted] : undefined;
  if (make) return make();
  const known = Object.keys(BUILDERS);
  if (name === undefined) {
    throw new SupernetError(
      "config",
      `${file} is not named after an algorithm with a builder; say --builder with one of ${known.join(", ")}`,
    );
  }
  throw new SupernetError("config", `there is no builder "${name}"; ${suggest(name, known)}`);
}
