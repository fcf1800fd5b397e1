import type { EdgeDesc, ModelDesc, OpDesc } from "../../desc/model-desc.ts";
import { SupernetError } from "../../errors.ts";
import type { Finalizer } from "../../nas/trained.ts";
import { type Alphas, alphasName, PRIMITIVES } from "../../ops/mixture.ts";

/** Ops of a grown node: the paper's I_max (Hu et al. 2019, section 4.3). */
const KEPT = 3;

/** One op on one of the states that a candidate reads. */
interface Choice {
  readonly alpha: number;
  readonly input: number;
  readonly primitive: (typeof PRIMITIVES)[number];
}

/**
 * Makes a `multi_op` of every candidate node: its three ops with the largest alphas, of equal ones the first by state and
 * primitive.
 *
 * @param allowNone whether `none` may be chosen, as in the reference; the node would lose an op to it
 */
export const petridishFinalizer = (allowNone = false): Finalizer => ({
  finalize: (supernet, { alphas }) => finalizeCandidates(supernet, alphas, allowNone),
});

function finalizeCandidates(supernet: ModelDesc, alphas: Alphas, allowNone: boolean): ModelDesc {
  return {
    ...supernet,
    cellDescs: supernet.cellDescs.map((cell) => ({
      ...cell,
      nodes: cell.nodes.map((node, n) => ({
        ...node,
        edges: node.edges.map((edge, e) =>
          isCandidate(edge) ? finalized(edge, alphasName(cell.trainablesFrom, n, e), alphas, allowNone) : edge,
        ),
      })),
    })),
  };
}

export const isCandidate = ({ opDesc }: EdgeDesc): boolean => opDesc.name.startsWith("petridish_");

function finalized(edge: EdgeDesc, name: string, alphas: Alphas, allowNone: boolean): EdgeDesc {
  const { opDesc } = edge;
  const { conv, strides = [] } = opDesc.params;
  const chosen = edge.inputIds
    .flatMap((_, input) => choices(`${name}.${input}`, input, alphas))
    .filter(({ primitive }) => allowNone || primitive !== "none")
    .sort((a, b) => b.alpha - a.alpha)
    .slice(0, KEPT);
  const children = chosen.map(({ primitive, input }): OpDesc => {
    const params = { ...opDesc.params, stride: strides[input] ?? 1 };
    return { name: primitive, inLen: 1, params, children: null, childrenIns: null };
  });
  const childrenIns = chosen.map(({ input }) => input);
  const params = conv ? { conv } : {};
  return { ...edge, opDesc: { name: "multi_op", inLen: opDesc.inLen, params, children, childrenIns } };
}

function choices(name: string, input: number, alphas: Alphas): Choice[] {
  const values = alphas.get(name);
  if (!values) throw new SupernetError("desc", `there are no alphas ${name} to finalize with`);
  return PRIMITIVES.map((primitive, index) => {
    const alpha = values[index]!;
    if (Number.isFinite(alpha)) return { alpha, input, primitive };
    throw new SupernetError("desc", `the search has diverged, ${name} is not finite; lower its learning rates`);
  });
}
