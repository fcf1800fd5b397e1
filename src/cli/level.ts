import { type Document, isNode, parseDocument } from "yaml";
import { type Difference, differences } from "../config/leaves.ts";

// A comparison is fair where all algorithms evaluate alike. Their confs may not: then the first one's settings count.

/** Parts of a conf that are equal in a comparison. What else there is in `nas.eval.model_desc` is the algorithm's own. */
const EQUAL: readonly string[] = [
  "nas.eval.trainer",
  "nas.eval.loader",
  ...[
    "n_cells",
    "n_reductions",
    "max_final_edges",
    "model_stems",
    "model_post_op",
    "aux_weight",
    "aux_tower_stride",
  ].map((key) => `nas.eval.model_desc.${key}`),
];

/**
 * A conf that evaluates as another one does.
 * @param confText in YAML, everything resolved, as `SupernetApi.resolve` yields it
 * @param model the same, of what it is to be like
 */
export function levelled(
  confText: string,
  model: string,
): { readonly text: string; readonly changes: readonly Difference[] } {
  const [own, other] = [parseDocument(confText), parseDocument(model)];
  const changes: Difference[] = [];
  for (const path of EQUAL) {
    const keys = path.split(".");
    const changed = differences(valueAt(own, path), valueAt(other, path), path);
    if (changed.length === 0) continue;
    changes.push(...changed);
    const node = other.getIn(keys, true);
    if (isNode(node)) own.setIn(keys, node.clone());
    else own.deleteIn(keys);
  }
  return { text: changes.length === 0 ? confText : own.toString({ lineWidth: 0 }), changes };
}

function valueAt(document: Document, path: string): unknown {
  let value: unknown = document.toJS();
  for (const key of path.split(".")) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}
