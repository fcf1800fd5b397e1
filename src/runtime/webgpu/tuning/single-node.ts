import { GraphBuilder } from "../../../graph/builder.ts";
import type { Graph, OpAttrs, Value } from "../../../graph/types.ts";

/**
 * One node of a graph by itself, with the followers that its kernel computes on the way. Parameters stay parameters,
 * everything else it reads is an input named after its value ("v12"); all results are outputs ("r12").
 */
export function singleNodeGraph(graph: Graph, value: Value): Graph {
  const builder = new GraphBuilder();
  const places = new Map<Value, Value>();
  const copied = (input: Value): Value => {
    const known = places.get(input);
    if (known !== undefined) return known;
    const { op, attrs, type } = graph.nodes[input]!;
    const name = op === "param" ? (attrs as OpAttrs["param"]).name : undefined;
    const spec = graph.params.find((param) => param.name === name);
    const place = spec ? builder.param(spec) : builder.input(`v${input}`, type);
    places.set(input, place);
    return place;
  };
  const followers = graph.epilogues?.find(({ producer }) => producer === value)?.followers ?? [];
  // A kernel may ask for its followers' other inputs: they have to be there before it.
  const others = followers.flatMap((follower) => graph.nodes[follower]!.inputs.filter((input) => input !== value));
  for (const input of others) if (!followers.includes(input)) copied(input);
  for (const at of [value, ...followers]) {
    const { op, attrs, inputs, scope } = graph.nodes[at]!;
    const place = builder.scoped(scope, () => builder.add(op, inputs.map(copied), attrs));
    places.set(at, place);
    builder.output(`r${at}`, place);
  }
  const place = (at: Value) => places.get(at)!;
  const single = builder.build();
  return followers.length > 0
    ? { ...single, epilogues: [{ producer: place(value), followers: followers.map(place) }] }
    : single;
}
