import type { EdgeDesc, OpDesc } from "../../desc/model-desc.ts";
import type { Candidate, SelectEdges } from "../../nas/finalizers.ts";
import { PRIMITIVES } from "../../ops/mixture.ts";
import type { DrawAt } from "./draw.ts";

/**
 * Samples a node's edges: `samples` choices among all ops of all its edges, each as likely as the softmax of its alphas makes
 * it. `none` takes no part, so that every choice is a connection. An edge keeps all ops that were chosen on it, several as a
 * `multi_op`; of more edges than fit those stay that were chosen most often, and of equals those with the highest alpha.
 */
export function selectSampled(samples: number, draw: DrawAt): SelectEdges {
  return (edges, maxFinalEdges, place) => {
    const kept = edges.flatMap((edge) => ("kept" in edge ? [edge.kept] : []));
    const groups = edges.flatMap((edge) => ("kept" in edge ? [] : [edge.candidates]));
    const candidates = groups.flat();
    if (candidates.length === 0) return kept;
    const choose = draw(place);
    const logits = candidates.map(({ rank }) => rank);
    const chosen = Array.from({ length: samples }, () => candidates[choose(logits)]!);
    const drawn = groups.flatMap((group): Drawn[] => {
      const ops = group.filter((candidate) => chosen.includes(candidate));
      const times = chosen.filter((candidate) => group.includes(candidate)).length;
      return ops.length > 0 ? [{ ops, times }] : [];
    });
    const most = drawn.sort((a, b) => b.times - a.times || b.ops[0]!.rank - a.ops[0]!.rank).slice(0, maxFinalEdges);
    return [...kept, ...most.map(({ ops }) => edgeOf(ops))];
  };
}

/** Candidates that were chosen on one edge, best first, and how often. */
interface Drawn {
  readonly ops: readonly Candidate[];
  readonly times: number;
}

function edgeOf([first, ...others]: readonly Candidate[]): EdgeDesc {
  const { edge } = first!;
  if (others.length === 0) return edge;
  const ops = [first!, ...others].map((candidate) => candidate.edge.opDesc);
  return { ...edge, opDesc: multiOp(ops.sort((a, b) => order(a) - order(b))) };
}

const order = ({ name }: OpDesc) => (PRIMITIVES as readonly string[]).indexOf(name);

/** Several ops on the input of one edge. */
export function multiOp(children: readonly OpDesc[]): OpDesc {
  const { conv } = children[0]!.params;
  const params = conv ? { conv } : {};
  return { name: "multi_op", inLen: 1, params, children, childrenIns: children.map(() => 0) };
}
