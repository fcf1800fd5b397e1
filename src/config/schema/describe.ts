import type { z } from "zod";

// Zod's messages speak of invalid_union and safeint. These functions read its schemas instead and say it in the words of
// someone who edits a conf.

type AnySchema = z.core.$ZodTypes;

/** The part of a schema that governs a path, without wrappers such as `.optional()`; undefined when there is none. */
export function schemaAt(schema: z.core.$ZodType, path: readonly string[]): z.core.$ZodType | undefined {
  let current: AnySchema | undefined = unwrap(schema);
  for (const part of path) {
    if (current === undefined) return undefined;
    const def: AnySchema["_zod"]["def"] = current._zod.def;
    let next: z.core.$ZodType | undefined;
    if (def.type === "object") next = def.shape[part];
    else if (def.type === "array") next = def.element;
    else if (def.type === "record") next = def.valueType;
    current = next === undefined ? undefined : unwrap(next);
  }
  return current;
}

/** The keys of a section's schema; none for anything else. */
export function keysOf(schema: z.core.$ZodType | undefined): string[] {
  const def = schema === undefined ? undefined : (schema as AnySchema)._zod.def;
  return def?.type === "object" ? Object.keys(def.shape) : [];
}

/** The words a schema accepts; none where it accepts anything else. */
export function choicesOf(schema: z.core.$ZodType | undefined): string[] {
  const def = schema === undefined ? undefined : unwrap(schema)._zod.def;
  if (def?.type === "union") return def.options.flatMap(choicesOf);
  return def?.type === "enum" ? Object.values(def.entries).map(String) : [];
}

/** What a schema accepts, for people: "an integer", "one of sgd, adam, cocob". */
export function describeSchema(schema: z.core.$ZodType | undefined): string {
  const def = schema === undefined ? undefined : unwrap(schema)._zod.def;
  switch (def?.type) {
    case "string":
      return "text";
    case "number":
      return "format" in def && def.format === "safeint" ? "an integer" : "a number";
    case "nan":
      return ".NaN";
    case "boolean":
      return "True or False";
    case "enum": {
      const choices = choicesOf(schema).map((choice) => choice || '""');
      return choices.length === 1 ? choices.join() : `one of ${choices.join(", ")}`;
    }
    case "array":
      return `a list (each item ${describeSchema(def.element)})`;
    case "object":
    case "record":
      return "a section";
    case "union":
      return def.options.map(describeSchema).join(" or ");
    default:
      return "another value";
  }
}

function unwrap(schema: z.core.$ZodType): AnySchema {
  let current = schema as AnySchema;
  for (;;) {
    const def: AnySchema["_zod"]["def"] = current._zod.def;
    if (def.type !== "optional" && def.type !== "nullable" && def.type !== "default" && def.type !== "prefault") {
      return current;
    }
    current = def.innerType as AnySchema;
  }
}
