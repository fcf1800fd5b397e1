import type { ConfValue } from "./types.ts";

/** Names and values for `$name`; undefined values count as absent. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Replaces `$name` and `${name}` by the variable's value and a leading `~` by `HOME` (or `USERPROFILE`). Variables that
 * are not defined stay as they are written: a conf is expanded in stages, `$expdir` only once the experiment has one.
 */
export function expandPath(text: string, vars: Variables): string {
  const value = (name: string) => (Object.hasOwn(vars, name) ? vars[name] : undefined);
  // No `$` in names: else every `${` that is never closed searches the rest of the text.
  const expanded = text.replace(/\$(?:\{([^}$]*)\}|(\w+))/g, (whole, braced, bare) => value(braced ?? bare) ?? whole);
  const home = value("HOME") ?? value("USERPROFILE");
  return home === undefined ? expanded : expanded.replace(/^~(?=$|[\\/])/, () => home);
}

/**
 * A copy of a conf (or part of one) in which every string went through {@link expandPath}. Confs are resolved without
 * it and keep `$expdir` literally, as the reference's do; whoever opens a file expands.
 */
export function expandVars<T extends ConfValue>(value: T, vars: Variables): T {
  const expand = (part: ConfValue): ConfValue => {
    if (typeof part === "string") return expandPath(part, vars);
    if (Array.isArray(part)) return part.map(expand);
    if (part === null || typeof part !== "object") return part;
    return Object.fromEntries(Object.entries(part).map(([key, child]) => [key, expand(child)]));
  };
  return expand(value) as T;
}
