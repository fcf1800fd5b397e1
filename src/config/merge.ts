import { configError, formatPosition } from "./errors.ts";
import { emptySection, type SectionNode } from "./node.ts";

/**
 * Lays `over` onto `base`, in place: sections merge key by key, everything else replaces what was there.
 * A scalar may replace a section, but not the reverse: there a misplaced indent is likelier than a wish. A section
 * without keys changes nothing.
 *
 * @throws SupernetError "config" when a section would replace a scalar, null or list
 */
export function mergeInto(base: SectionNode, over: SectionNode): void {
  for (const [key, value] of over.entries) {
    if (value.kind !== "section") {
      base.entries.set(key, value);
      continue;
    }
    const current = base.entries.get(key);
    if (current === undefined) {
      const section = emptySection(value.at);
      base.entries.set(key, section);
      mergeInto(section, value);
    } else if (current.kind === "section") {
      mergeInto(current, value);
    } else if (value.entries.size > 0) {
      const what = current.kind === "list" ? "a list" : current.value === null ? "null" : "a single value";
      throw configError(
        value.at.key,
        `"${key}" is a section here but ${what} at ${formatPosition(current.at.key)}; make it the same kind in both`,
      );
    }
  }
}
