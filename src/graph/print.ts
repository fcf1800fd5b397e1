import { shapeText } from "./ops/def.ts";
import type { Graph, Node, Output } from "./types.ts";

/**
 * A graph as text, one node a line, for debugging and for tests:
 *
 *     %2 = conv2d(%0, %1) {stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1} : planes f32 [2, 8, 6, 6]  # stem
 */
export function printGraph(graph: Graph): string {
  const lines = [...graph.nodes.map(nodeText), ...graph.outputs.map(outputText)];
  return lines.join("\n");
}

function nodeText(node: Node, value: number): string {
  const inputs = node.inputs.map((input) => `%${input}`).join(", ");
  const scope = node.scope ? `  # ${node.scope}` : "";
  return `%${value} = ${node.op}(${inputs})${attrsText(node)} : ${shapeText(node.type)}${scope}`;
}

function outputText({ name, value, into }: Output): string {
  const target = into ? ` -> ${into.arena} ${into.param}` : "";
  return `output ${name} = %${value}${target}`;
}

/** Attributes that only repeat the node's type are left out. */
function attrsText(node: Node): string {
  const own = `[${node.type.shape}]`;
  const entries = Object.entries(node.attrs).filter(
    ([key, value]) => key !== "type" && !(key === "shape" && `[${value}]` === own),
  );
  if (entries.length === 0) return "";
  return ` {${entries.map(([key, value]) => `${key}: ${valueText(value)}`).join(", ")}}`;
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}: ${valueText(inner)}`)
    .join(", ")}}`;
}
