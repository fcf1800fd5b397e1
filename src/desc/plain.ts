import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type Scalar } from "yaml";
import { offsetOf, tooDeep, tooManyValues, YAML_LIMITS, YamlProblem, type YamlText } from "../config/yaml-text.ts";

/** How nodes become values. */
export interface Conversion {
  scalar(node: Scalar): unknown;
  /** @param value what its items have become */
  collection(node: Node, value: unknown[] | Record<string, unknown>): unknown;
}

/** What the library makes of a document. */
const AS_READ: Conversion = { scalar: ({ value }) => value, collection: (_, value) => value };

/**
 * The values of a YAML document as plain data: what JSON has, with NaN and infinities.
 *
 * @throws YamlProblem for keys that are written twice or are no words, and where aliases exceed `YAML_LIMITS`
 */
export function plainOf({ document, target }: YamlText, { scalar, collection } = AS_READ): unknown {
  const open = new Set<unknown>();
  let values = 0;
  const plain = (node: unknown): unknown => {
    if (isAlias(node)) return plain(target(node));
    if (open.has(node)) throw new YamlProblem("an anchor contains an alias of itself", offsetOf(node));
    if (open.size >= YAML_LIMITS.depth) throw tooDeep(offsetOf(node));
    if (++values > YAML_LIMITS.values) throw tooManyValues(offsetOf(node));
    if (node === null) return null;
    if (isScalar(node)) return scalar(node);
    open.add(node);
    const value = isSeq(node) ? node.items.map(plain) : mapping(node);
    open.delete(node);
    return collection(node as Node, value);
  };
  const mapping = (node: unknown): Record<string, unknown> => {
    if (!isMap(node)) throw new YamlProblem("only mappings, lists and values are known here", offsetOf(node));
    const entries = new Map<string, unknown>();
    for (const pair of node.items) {
      const at = offsetOf(pair.key);
      if (!isPair(pair) || !isScalar(pair.key)) throw new YamlProblem("a key must be a single word", at);
      const key = String(pair.key.value);
      if (entries.has(key)) throw new YamlProblem(`the key "${key}" occurs twice; remove one of them`, at);
      entries.set(key, plain(pair.value));
    }
    return Object.fromEntries(entries);
  };
  return plain(document.contents);
}
