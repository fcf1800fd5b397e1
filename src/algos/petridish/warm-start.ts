import type { CellDesc, ModelDesc, OpDesc } from "../../desc/model-desc.ts";
import { PRIMITIVES } from "../../ops/mixture.ts";
import { isCandidate } from "./finalizer.ts";

/** Parameters of a network by name, as training yields them. */
export type Values = ReadonlyMap<string, Float32Array>;

/**
 * What a candidate starts with: all of its parent's weights and statistics, so that it computes what the parent does.
 *
 * The candidate node stands before the last node of each cell (`addPetridishNode`), so that
 * - parameters of the last node move to the next index. No node reads the last one: states keep their numbers;
 * - the projection that ends the cell reads one node more: its weight [C, n·C, 1, 1] gets C columns before those of the last
 *   node. The candidate shows zeros, so they change nothing forward. They must not be zero themselves: the gradient reaches
 *   the alphas through them.
 *
 * @param uniform drawn for each new number, in [0, 1); they are as wide as any convolution of that fan-in starts
 */
export function startOfCandidate(parent: ModelDesc, values: Values, uniform: () => number): Map<string, Float32Array> {
  const start = new Map(values);
  for (const cell of parent.cellDescs) {
    const last = cell.nodes.length - 1;
    move(start, `cells.${cell.id}.dag.${last}.`, `cells.${cell.id}.dag.${last + 1}.`);
    const { chOut } = projection(cell);
    const name = projectionName(cell);
    const bound = 1 / Math.sqrt(chOut * (cell.nodes.length + 1));
    const columns = { at: last * chOut, count: chOut };
    start.set(
      name,
      withColumns(start.get(name)!, chOut, columns, () => (2 * uniform() - 1) * bound),
    );
  }
  return start;
}

/**
 * What a grown network starts with: all of the candidate's weights and statistics. The ops that were chosen keep what they
 * have learned as candidates; the convolution that joins them is new. The columns of the cell's projection that read the
 * grown node become zero: the network begins as its parent, which the candidate has gone on training, and the new node
 * enters as far as it helps.
 *
 * @param child what the candidate was finalized to
 */
export function startOfChild(candidate: ModelDesc, child: ModelDesc, values: Values): Map<string, Float32Array> {
  const start = new Map([...values].filter(([name]) => !CANDIDATE.test(name)));
  for (const [index, cell] of candidate.cellDescs.entries()) {
    const node = cell.nodes.findLastIndex(({ edges }) => edges.some(isCandidate));
    const module = `cells.${cell.id}.dag.${node}.0._wrapped`;
    for (const [from, to] of chosenModules(child.cellDescs[index]!.nodes[node]!.edges[0]!.opDesc)) {
      copy(values, `${module}.${from}.`, start, `${module}.${to}.`);
    }
    const { chOut } = projection(cell);
    const name = projectionName(cell);
    start.set(name, zeroColumns(start.get(name)!, chOut, { at: node * chOut, count: chOut }));
  }
  return start;
}

/** Parameters of a candidate op. */
const CANDIDATE = /\._wrapped\.(_edges|alphas_arch_param)\./;

/** Module of each chosen op in the candidate, and in the `multi_op`. */
function chosenModules({ children, childrenIns }: OpDesc): (readonly [string, string])[] {
  const primitives: readonly string[] = PRIMITIVES;
  return (children ?? []).map(
    ({ name }, index) => [`_edges.${childrenIns![index]}.${primitives.indexOf(name)}.1`, `_ops.${index}`] as const,
  );
}

/** Copies all that is named `from…` to `to…`. */
function copy(values: Values, from: string, target: Map<string, Float32Array>, to: string): void {
  for (const [name, value] of values) if (name.startsWith(from)) target.set(to + name.slice(from.length), value);
}

function move(values: Map<string, Float32Array>, from: string, to: string): void {
  copy(new Map(values), from, values, to);
  for (const name of [...values.keys()]) if (name.startsWith(from)) values.delete(name);
}

const projectionName = ({ id }: CellDesc) => `cells.${id}.post_op._op.0.weight`;

const projection = ({ postOp }: CellDesc) => postOp.params.conv!;

interface Columns {
  readonly at: number;
  readonly count: number;
}

/** A pointwise weight [rows, columns] with more columns. */
function withColumns(weight: Float32Array, rows: number, { at, count }: Columns, draw: () => number): Float32Array {
  const width = weight.length / rows;
  const wider = new Float32Array(rows * (width + count));
  for (let row = 0; row < rows; row++) {
    const [from, to] = [row * width, row * (width + count)];
    wider.set(weight.subarray(from, from + at), to);
    for (let column = at; column < at + count; column++) wider[to + column] = draw();
    wider.set(weight.subarray(from + at, from + width), to + at + count);
  }
  return wider;
}

function zeroColumns(weight: Float32Array, rows: number, { at, count }: Columns): Float32Array {
  const zeroed = weight.slice();
  const width = weight.length / rows;
  for (let row = 0; row < rows; row++) zeroed.fill(0, row * width + at, row * width + at + count);
  return zeroed;
}
