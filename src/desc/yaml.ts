import { type Document, isMap, isScalar, isSeq, LineCounter, Document as NewDocument, visit } from "yaml";
import { readYaml, YamlProblem } from "../config/yaml-text.ts";
import { SupernetError } from "../errors.ts";
import { archaiDescOf, isArchaiYaml } from "./archai-yaml.ts";
import { modelDescFromJson, networkDescFromJson, networkDescToJson } from "./json.ts";
import type { ModelDesc } from "./model-desc.ts";
import { isFactory, type NetworkDesc } from "./network-desc.ts";
import { plainOf } from "./plain.ts";

const HEADER = " A network described by supernet. States 0 and 1 of a cell are the outputs of the two cells before it.";
const FACTORY_HEADER = " A hand-written network of supernet.";

/** Our own format: the keys of `networkDescToJson`, one line an edge, defaults left out. */
export function modelDescToYaml(desc: NetworkDesc): string {
  const document = new NewDocument(withoutDefaults(networkDescToJson(desc)), { aliasDuplicateObjects: false });
  document.commentBefore = isFactory(desc) ? FACTORY_HEADER : HEADER;
  visit(document, {
    Map: (_, map) => {
      // What is small enough to be read at a glance stays on one line.
      const small = ["name", "input_ids", "ch_in"].some((key) => map.has(key)) && !map.has("dataroot");
      map.flow = small || map.items.length === 0;
    },
    Seq: (_, seq) => {
      seq.flow = seq.items.every(isScalar);
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Keys below which ops are described; others hold what a builder or user put there, which is nobody's to shorten. */
const PARTS = new Set([
  ...["model_stems", "cell_descs", "stems", "nodes", "edges"],
  ...["op_desc", "children", "post_op", "pool_op", "logits_op"],
]);

/** Drops `in_len: 1` and absent children, which nearly every op has. */
function withoutDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDefaults);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([key, item]) => {
    if (key === "in_len") return item !== 1;
    return !(key === "children" || key === "children_ins") || item !== null;
  });
  return Object.fromEntries(entries.map(([key, item]) => [key, PARTS.has(key) ? withoutDefaults(item) : item]));
}

/**
 * Reads the description of a network of cells: our format, or what Archai wrote, old or new.
 * @param source the file's name, for messages
 * @throws SupernetError("desc") naming file, line and what is wrong there; or when it names a hand-written network
 */
export function parseModelDesc(text: string, source: string): ModelDesc {
  const desc = parseNetworkDesc(text, source);
  if (!isFactory(desc)) return desc;
  throw new SupernetError(
    "desc",
    `${source} names the hand-written network ${desc.factory}, which has no cells; to train it, set ` +
      `nas.eval.model_factory_spec to ${desc.factory}`,
  );
}

/** As `parseModelDesc`, for any network. */
export function parseNetworkDesc(text: string, source: string): NetworkDesc {
  const lines = new LineCounter();
  const archai = isArchaiYaml(text);
  try {
    const yaml = readYaml(text, lines, { schema: archai ? "failsafe" : "core" });
    if (!isMap(yaml.document.contents)) {
      throw new SupernetError("desc", `${source} holds no model description: it should be a mapping with cell_descs`);
    }
    if (archai) return modelDescFromJson(archaiDescOf(yaml), source);
    return networkDescFromJson(plainOf(yaml), source, (path) => lineOf(yaml.document, lines, path));
  } catch (error) {
    if (!(error instanceof YamlProblem)) throw error;
    const { line, col } = lines.linePos(error.offset);
    throw new SupernetError("desc", `${source}:${line}:${col}: ${error.message}`, { cause: error });
  }
}

/** Line of the value at `path`, or of the innermost thing around it that exists. */
function lineOf(document: Document, lines: LineCounter, path: readonly PropertyKey[]): number | undefined {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true);
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.range) return lines.linePos(node.range[0]).line;
  }
  return undefined;
}
