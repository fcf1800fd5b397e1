import type { Epilogue, Node, OpAttrs, OpName, Value } from "../types.ts";
import { usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * Marks what a kernel can compute on the way because it has it at hand: batch statistics of what it writes, the positions of
 * the largest elements that a pool has just compared, hits among the logits that a loss has read, products of each sample where
 * those of the batch are summed. Only marks: to be run last.
 */
export const epilogues: Pass = {
  name: "epilogues",
  run(graph) {
    const users = usersOf(graph);
    const taken = new Set<Value>();
    const found = graph.nodes.flatMap((node, index): Epilogue[] => {
      const producer = index as Value;
      const candidates = [...(users.get(producer) ?? []), ...siblings(users, node)];
      const followers = candidates.filter((value) => {
        const follower = graph.nodes[value]!;
        return (
          value > producer && !taken.has(value) && isFollower(node, producer, follower) && reachable(follower, producer)
        );
      });
      for (const follower of followers) taken.add(follower);
      return followers.length > 0 ? [{ producer, followers }] : [];
    });
    return { ...graph, epilogues: found };
  },
};

/** Ops by which others may be followed: those that read their result. */
const FOLLOWERS: { readonly [K in OpName]?: readonly OpName[] } = {
  pointwise: ["bn_stats"],
  pool_pair: ["bn_stats"],
};

/** Ops that compute along what others make of the same inputs. */
const SHARED: readonly OpName[] = ["pool_pair", "cross_entropy", "mix_grad"];

function siblings(users: ReadonlyMap<Value, readonly Value[]>, { op, inputs }: Node): readonly Value[] {
  return SHARED.includes(op) ? users.get(inputs[0]!)! : [];
}

function isFollower(node: Node, producer: Value, follower: Node): boolean {
  if (follower.inputs[0] === producer) return FOLLOWERS[node.op]?.includes(follower.op) ?? false;
  if (node.op === "mix_grad") {
    if (follower.op !== "sample_dots" || `${follower.inputs}` !== `${node.inputs}`) return false;
    const terms = [node.attrs, follower.attrs].map((attrs) => JSON.stringify((attrs as OpAttrs["mix_grad"]).terms));
    return terms[0] === terms[1];
  }
  if (node.op === "cross_entropy") return follower.op === "top_k" && `${follower.inputs}` === `${node.inputs}`;
  if (node.op !== "pool_pair" || follower.op !== "max_pool_argmax" || follower.inputs[0] !== node.inputs[0])
    return false;
  const windows = [node.attrs, follower.attrs].map((attrs) => {
    const { kernel, stride, padding } = attrs as OpAttrs["max_pool"];
    return `${kernel}/${stride}/${padding}`;
  });
  return windows[0] === windows[1];
}

/** Whether all that the follower reads is there when the producer has run. */
const reachable = (follower: Node, producer: Value): boolean => follower.inputs.every((input) => input <= producer);
