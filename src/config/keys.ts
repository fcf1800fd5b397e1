import type { z } from "zod";
import { choicesOf, describeSchema, keysOf, schemaAt } from "./schema/describe.ts";
import { experimentSchema } from "./schema/experiment.ts";

/** A key that the conf of an experiment may have. */
export interface ConfKey {
  /** `nas.search.trainer.epochs`. */
  readonly path: string;
  /** "section", or what its value may be in words: "an integer", "True or False". */
  readonly type: string;
  /** What it may be, where it is one of a few. */
  readonly values?: readonly string[];
}

/** Every key that the conf of an experiment may have, sections before what they contain. */
export function experimentKeys(): ConfKey[] {
  return keysBelow(experimentSchema, "");
}

function keysBelow(section: z.core.$ZodType, prefix: string): ConfKey[] {
  return keysOf(section)
    .filter((key) => !key.startsWith("_"))
    .flatMap((key) => {
      const schema = schemaAt(section, [key]);
      if (schema === undefined) return [];
      const path = prefix + key;
      const words = describeSchema(schema);
      const type = words === "a section" ? "section" : words;
      const values = words === "True or False" ? ["True", "False"] : choicesOf(schema);
      return [{ path, type, ...(values.length > 0 && { values }) }, ...keysBelow(schema, `${path}.`)];
    });
}
