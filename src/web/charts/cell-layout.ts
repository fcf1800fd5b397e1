import dagre from "@dagrejs/dagre";
import { shortName, stateName } from "../../report/cells.ts";
import type { CellDrawing } from "../../worker/protocol.ts";

/** Loaded with the first drawing: where the boxes and arrows of a cell go. Units are pixels at natural size. */

export interface LaidOutBox {
  readonly id: string;
  readonly label: string;
  readonly kind: "input" | "node" | "output";
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface LaidOutArrow {
  /** Data of an SVG path. */
  readonly path: string;
  /** The op on the edge; empty where a node is only handed on to the output. */
  readonly label: string;
  readonly op: string;
  readonly x: number;
  readonly y: number;
  readonly labelWidth: number;
}

export interface CellLayout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly LaidOutBox[];
  readonly arrows: readonly LaidOutArrow[];
}

type Point = { readonly x: number; readonly y: number };

const LETTER = 6.6;
const PADDING = 12;
const BOX = { width: 54, height: 30 };

/** From left to right, or from top to bottom where there is little width. */
export type Direction = "right" | "down";

/** Inputs first, then nodes, and at the end the output, which is all nodes one after another. */
export function layoutCell(cell: CellDrawing, direction: Direction): CellLayout {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  const spacing =
    direction === "right" ? { rankdir: "LR", nodesep: 26, ranksep: 28 } : { rankdir: "TB", nodesep: 22, ranksep: 34 };
  graph.setGraph({ ...spacing, edgesep: 16, marginx: PADDING, marginy: PADDING });
  const states = Array.from({ length: 2 + cell.nodes }, (_, state) => state);
  for (const state of states) graph.setNode(`s${state}`, { label: stateName(state), ...BOX });
  graph.setNode("out", { label: "c[k]", ...BOX });
  cell.edges.forEach(({ node, states: inputs, op }, i) => {
    for (const state of inputs) {
      const label = shortName(op);
      const size = { width: label.length * LETTER + 8, height: 18, labelpos: "c" };
      graph.setEdge(`s${state}`, `s${node + 2}`, { label, op, ...size }, `${i}.${state}`);
    }
  });
  for (const state of states.slice(2)) graph.setEdge(`s${state}`, "out", { label: "", op: "", width: 0, height: 0 });
  dagre.layout(graph);
  const boxes = graph.nodes().map((id) => {
    const { label, x, y, width, height } = graph.node(id) as LaidOutBox;
    const kind = id === "out" ? "output" : Number(id.slice(1)) < 2 ? "input" : "node";
    return { id, label, kind, x, y, width, height } satisfies LaidOutBox;
  });
  const arrows = graph.edges().map((edge) => {
    const { points, label, op, x, y, width } = graph.edge(edge) as unknown as Point & {
      points: readonly Point[];
      label: string;
      op: string;
      width: number;
    };
    const middle = points[Math.floor(points.length / 2)];
    return { path: smooth(points), label, op, x: x ?? middle?.x ?? 0, y: y ?? middle?.y ?? 0, labelWidth: width };
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { width, height, boxes, arrows };
}

/** A path that starts and ends in the given points and bends smoothly at those between. */
function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const end = rest.at(-1);
  if (!first || !end) return "";
  const bends = rest.slice(0, -1).map((point, i) => {
    const next = rest[i + 1] as Point;
    const to = i === rest.length - 2 ? end : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 };
    return `Q${round(point.x)} ${round(point.y)} ${round(to.x)} ${round(to.y)}`;
  });
  return `M${round(first.x)} ${round(first.y)}${bends.join("") || `L${round(end.x)} ${round(end.y)}`}`;
}

const round = (value: number) => Math.round(value * 10) / 10;
