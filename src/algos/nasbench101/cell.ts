import { z } from "zod";
import { suggest } from "../../config/nearest.ts";
import { SupernetError } from "../../errors.ts";
import { VERTEX_OPS } from "../../ops/nasbench101.ts";

/** Limits of the search space of NASBench-101. */
const MAX_VERTICES = 7;
const MAX_EDGES = 9;

/** A cell as NASBench-101 writes it: vertex 0 is the input, the last one the output; `matrix[i][j]` is an edge from i to j. */
export interface Cell {
  readonly matrix: readonly (readonly boolean[])[];
  /** By vertex; of input and output nothing is done. */
  readonly ops: readonly string[];
}

const flag = z.union([z.literal(0), z.literal(1), z.boolean()]);
const schema = z.strictObject({
  cell_matrix: z.array(z.array(flag)),
  vertex_ops: z.array(z.string()),
  num_stacks: z.int().positive(),
});

const refuse = (what: string): never => {
  throw new SupernetError("config", `nas.eval.model_desc.params: ${what}`);
};

/**
 * The cell of a conf, without vertices that are not on a way from input to output, and the number of stacks.
 * @param params `model_desc.params`
 * @throws SupernetError("config") for what is no cell of NASBench-101
 */
export function parseParams(params: Readonly<Record<string, unknown>>): { cell: Cell; stacks: number } {
  const result = schema.safeParse(params);
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
    return refuse(`nasbench101 needs cell_matrix (rows of 0 and 1), vertex_ops and num_stacks; ${lines.join("; ")}`);
  }
  const { cell_matrix, vertex_ops, num_stacks } = result.data;
  const matrix = cell_matrix.map((row) => row.map(Boolean));
  checkShape(matrix, vertex_ops);
  const cell = prune({ matrix, ops: vertex_ops });
  const vertices = cell.ops.length;
  const edges = cell.matrix.flat().filter(Boolean).length;
  if (vertices > MAX_VERTICES)
    refuse(`cell_matrix has ${vertices} connected vertices; at most ${MAX_VERTICES} are allowed`);
  if (edges > MAX_EDGES) refuse(`cell_matrix has ${edges} edges; at most ${MAX_EDGES} are allowed`);
  return { cell, stacks: num_stacks };
}

function checkShape(matrix: readonly (readonly boolean[])[], ops: readonly string[]): void {
  const size = matrix.length;
  if (size < 2) refuse(`cell_matrix has ${size} rows; input and output are two vertices already`);
  matrix.forEach((row, i) => {
    if (row.length !== size)
      refuse(`cell_matrix must be square, but row ${i} has ${row.length} numbers in ${size} rows`);
    const back = row.findIndex((edge, j) => edge && j <= i);
    if (back >= 0) {
      refuse(`cell_matrix[${i}][${back}] is an edge from vertex ${i} to ${back}: they may only lead to later vertices`);
    }
  });
  if (ops.length !== size) refuse(`vertex_ops names ${ops.length} ops for the ${size} vertices of cell_matrix`);
  if (ops[0] !== "input" || ops.at(-1) !== "output") refuse('vertex_ops must begin with "input" and end with "output"');
  const unknown = ops.slice(1, -1).find((name) => !VERTEX_OPS.includes(name));
  if (unknown !== undefined) refuse(`there is no vertex op "${unknown}"; ${suggest(unknown, VERTEX_OPS)}`);
}

function prune({ matrix, ops }: Cell): Cell {
  const size = ops.length;
  // Edges lead to later vertices only, so one sweep each way is enough.
  const fromInput = ops.map((_, v) => v === 0);
  for (let v = 1; v < size; v++) fromInput[v] = matrix.some((row, u) => fromInput[u] && row[v]);
  const toOutput = ops.map((_, v) => v === size - 1);
  for (let v = size - 2; v >= 0; v--) toOutput[v] = matrix[v]!.some((edge, u) => edge && toOutput[u]);
  const kept = ops.flatMap((_, v) => (fromInput[v] && toOutput[v] ? [v] : []));
  if (kept.length < 2) refuse("cell_matrix has no way from the input (vertex 0) to the output (the last vertex)");
  return { matrix: kept.map((u) => kept.map((v) => matrix[u]![v]!)), ops: kept.map((v) => ops[v]!) };
}

/**
 * Channels of every vertex. Those that feed the output share its channels, the first ones taking what does not divide; others
 * are as wide as the widest vertex they feed.
 * @throws SupernetError("config") when there are fewer channels than vertices that feed the output
 */
export function vertexChannels({ matrix, ops }: Cell, chIn: number, chOut: number): number[] {
  const last = ops.length - 1;
  const feeding = ops.flatMap((_, v) => (v > 0 && matrix[v]![last] ? [v] : []));
  if (feeding.length > chOut) refuse(`${feeding.length} vertices cannot share ${chOut} channels; raise init_node_ch`);
  const channels = ops.map((_, v) => (v === 0 ? chIn : v === last ? chOut : 0));
  feeding.forEach((v, i) => {
    channels[v] = Math.floor(chOut / feeding.length) + (i < chOut % feeding.length ? 1 : 0);
  });
  for (let v = last - 1; v > 0; v--) {
    if (matrix[v]![last]) continue;
    channels[v] = Math.max(...channels.filter((_, u) => u < last && matrix[v]![u]));
  }
  return channels;
}
