import { describe, expect, test } from "vitest";
import { GsModelDescBuilder } from "../../../src/algos/gs/builder.ts";
import { sortedLogits } from "../../../src/algos/gs/reference-finalizer.ts";
import type { Graph, OpAttrs, Value } from "../../../src/graph/types.ts";
import type { GumbelWeights } from "../../../src/ops/context.ts";
import { lowerModel } from "../../../src/ops/model.ts";
import { perturbations } from "../../../src/runtime/reference/gumbel.ts";
import { evaluateReference } from "../../../src/runtime/reference/index.ts";
import { trainingGraph } from "../../../src/train/graphs.ts";
import { randomFeeds, TOY_SETTINGS } from "../../gpu/supernet.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const SHAPE = { batch: 2, height: 8, width: 8, affine: false, dropPath: "none" } as const;
const SAMPLES = 3;
const cell = { ...MODEL_DESC.cell, gs: { num_sample: SAMPLES } };
const supernet = new GsModelDescBuilder().build({ ...MODEL_DESC, cell });

function lower(training: boolean, gumbel?: GumbelWeights): Graph {
  const { builder } = lowerModel(supernet, { ...SHAPE, training, ...(gumbel && { gumbel }) });
  return builder.build();
}

const valuesOf = (graph: Graph, op: string) =>
  graph.nodes.flatMap((node, value) => (node.op === op ? [value as Value] : []));
const nodesOf = (graph: Graph, op: string) => valuesOf(graph, op).map((value) => graph.nodes[value]!);

describe("a supernet of gs_op", () => {
  test("draws once for every node of every cell, from the alphas of all its edges", () => {
    const graph = lower(true);
    const draws = nodesOf(graph, "gumbel_softmax");
    expect(draws.map(({ attrs }) => attrs)).toEqual([0, 1, 2, 3, 4, 5].map((index) => ({ index, samples: SAMPLES })));
    expect(draws.map(({ scope, inputs }) => `${scope.split(".").slice(0, 4).join(".")}: ${inputs.length}`)).toEqual(
      [0, 1, 2].flatMap((id) => [`cells.${id}.dag.0: 2`, `cells.${id}.dag.1: 3`]),
    );
    const names = (draw: (typeof draws)[0]) =>
      draw.inputs.map((input) => (graph.nodes[input]!.attrs as OpAttrs["param"]).name);
    expect(names(draws[1]!)).toEqual([0, 1, 2].map((edge) => `cells.0.dag.1.${edge}._wrapped.alphas_arch_param`));
    // The third cell shares the alphas of the first, not its samples.
    expect(names(draws[4]!)).toEqual(names(draws[0]!));
  });

  test("gives each edge its part of the samples", () => {
    const graph = lower(true);
    const [, second] = valuesOf(graph, "gumbel_softmax");
    const sums = nodesOf(graph, "weighted_sum").filter(({ inputs }) => inputs[0] === second);
    expect(sums.map(({ attrs }) => (attrs as OpAttrs["weighted_sum"]).indices)).toEqual([
      [0, 1, 2, 3, 4, 5, 6],
      [8, 9, 10, 11, 12, 13, 14],
      [16, 17, 18, 19, 20, 21, 22],
    ]);
  });

  test("has its parameters in PyTorch's order: of each edge the alphas, then the ops", () => {
    const edges = lower(true)
      .params.filter(({ name }) => name.startsWith("cells.0.dag.1."))
      .map(({ name }) => `${name.split(".")[4]} ${name.endsWith("alphas_arch_param") ? "alphas" : "op"}`);
    expect(edges.filter((edge, at) => edge !== edges[at - 1])).toEqual(
      [0, 1, 2].flatMap((edge) => [`${edge} alphas`, `${edge} op`]),
    );
  });

  test("is evaluated with the probabilities, which take no draw", () => {
    expect(new Set(nodesOf(lower(false), "gumbel_softmax").map(({ attrs }) => JSON.stringify(attrs)))).toEqual(
      new Set([0, 1, 2, 3, 4, 5].map((index) => JSON.stringify({ index, samples: 0 }))),
    );
  });

  test("can be fed the weights instead", () => {
    const graph = lower(true, "input");
    expect(nodesOf(graph, "gumbel_softmax")).toEqual([]);
    const inputs = nodesOf(graph, "input").map(({ attrs }) => (attrs as OpAttrs["input"]).name);
    expect(inputs).toContain("cells.2.dag.1.2._wrapped.sampled_weights");
    expect(inputs).toHaveLength(1 + 3 * 5);
  });
});

describe("as the reference mixes the alphas up", () => {
  test("samples are those of the sorted alphas", () => {
    const graph = lower(true, "sorted");
    const sampled = valuesOf(graph, "gumbel_softmax");
    const feeds = randomFeeds(graph, 4);
    const outputs = sampled.map((value, node) => ({ name: `${node}`, value }));
    const results = evaluateReference({ ...graph, outputs }, feeds);
    sampled.forEach((value, node) => {
      const { attrs, type, scope } = graph.nodes[value]!;
      const [, id, , dag] = scope.split(".");
      const owner = supernet.cellDescs[Number(id)]!.trainablesFrom;
      const edges = supernet.cellDescs[0]!.nodes[Number(dag)]!.edges.map(
        (_, edge) => feeds.params[`cells.${owner}.dag.${dag}.${edge}._wrapped.alphas_arch_param`]!,
      );
      const logits = sortedLogits(edges);
      // As the reference puts it: samples are summed and divided by their total.
      const sums = new Float64Array(type.shape[0]!);
      for (const { noise } of perturbations(attrs as OpAttrs["gumbel_softmax"], sums.length, feeds.step)) {
        const terms = logits.map((logit, i) => Math.exp(logit + noise[i]!));
        const total = terms.reduce((sum, term) => sum + term, 0);
        terms.forEach((term, i) => {
          sums[i]! += term / total;
        });
      }
      const total = sums.reduce((sum, value) => sum + value, 0);
      results.get(`${node}`)!.forEach((weight, i) => {
        expect(weight).toBeCloseTo(sums[i]! / total, 12);
      });
    });
  });

  test.each([
    ["sampled", true],
    ["sorted", false],
  ] as const)("with weights %s, gradients reach the alphas: %s", (gumbel, reaches) => {
    const graph = trainingGraph(supernet, { ...SHAPE, gumbel }, { ...TOY_SETTINGS, l1Alphas: 0 });
    const results = evaluateReference(graph, randomFeeds(graph, 4));
    const alphas = graph.params.filter(({ role }) => role === "alphas");
    for (const { name } of alphas) expect(results.get(`grad/${name}`)!.some((value) => value !== 0)).toBe(reaches);
  });
});
