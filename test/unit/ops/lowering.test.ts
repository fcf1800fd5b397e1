import { describe, expect, it } from "vitest";
import { DartsModelDescBuilder } from "../../../src/algos/darts/builder.ts";
import { type ModelDesc, opDesc } from "../../../src/desc/model-desc.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { type Graph, type OpAttrs, planes } from "../../../src/graph/types.ts";
import type { DropPath } from "../../../src/ops/context.ts";
import { lowerModel } from "../../../src/ops/model.ts";
import { findOp, lowerInto } from "../../../src/ops/registry.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const section = {
  ...MODEL_DESC,
  n_cells: 5,
  n_reductions: 2,
  aux_weight: 0.4,
  dataset: { ...MODEL_DESC.dataset, name: "cifar10" },
};
const supernet = new DartsModelDescBuilder().build(section);

/** The same network with one op on every edge. */
function fixed(op: string): ModelDesc {
  return {
    ...supernet,
    cellDescs: supernet.cellDescs.map((cell) => ({
      ...cell,
      nodes: cell.nodes.map((node) => ({
        ...node,
        edges: node.edges.map((edge) => ({ ...edge, opDesc: { ...edge.opDesc, name: op } })),
      })),
    })),
  };
}

function lower(desc: ModelDesc, { training = true, dropPath = "none" as DropPath, size = 32 } = {}): Graph {
  const options = { training, affine: false, dropPath, batch: 2, height: size, width: size };
  const { builder, logits, logitsAux } = lowerModel(desc, options);
  builder.output("logits", logits);
  if (logitsAux !== undefined) builder.output("logits_aux", logitsAux);
  return builder.build();
}

const nodesOf = (graph: Graph, op: string) => graph.nodes.filter((node) => node.op === op);
const outputNames = (graph: Graph) => graph.outputs.map(({ name }) => name);

describe("alphas", () => {
  it("belong to the first cell of each type", () => {
    const cells = lower(supernet)
      .params.filter(({ role }) => role === "alphas")
      .map(({ name }) => name.split(".").slice(0, 2).join("."));
    expect(new Set(cells)).toEqual(new Set(["cells.0", "cells.1"]));
    // Two nodes with 2 and 3 edges, in a regular and a reduction cell.
    expect(cells).toHaveLength(10);
  });

  it("weigh every primitive but none, which would add zeros", () => {
    const attrs = nodesOf(lower(supernet), "weighted_sum")[0]?.attrs as OpAttrs["weighted_sum"] | undefined;
    expect(attrs?.indices).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe("running statistics", () => {
  it("are overwritten in training mode, once each", () => {
    const graph = lower(supernet);
    const state = graph.params.filter(({ role }) => role === "state").map(({ name }) => name);
    const updated = graph.outputs.flatMap(({ into }) => (into?.arena === "param" ? [into.param] : []));
    expect(updated).toEqual(state);
    expect(state.length).toBeGreaterThan(0);
  });

  it("are what evaluation mode normalises with, and stay", () => {
    const graph = lower(supernet, { training: false });
    expect(nodesOf(graph, "bn_stats")).toHaveLength(0);
    expect(nodesOf(graph, "bn_running").length).toBe(nodesOf(graph, "bn_apply").length);
    expect(outputNames(graph)).toEqual(["logits"]);
  });
});

describe("drop path", () => {
  const masks = (graph: Graph) =>
    nodesOf(graph, "drop_path_mask").map(({ attrs }) => (attrs as { index: number }).index);
  const edges = supernet.cellDescs.length * 5;

  it("draws a mask of its own for every edge", () => {
    expect(masks(lower(fixed("max_pool_3x3"), { dropPath: "sampled" }))).toEqual(
      Array.from({ length: edges }, (_, i) => i),
    );
  });

  it("spares skip connections", () => {
    expect(masks(lower(fixed("skip_connect"), { dropPath: "sampled" }))).toEqual([]);
  });

  it("takes masks from inputs if asked to", () => {
    const inputs = nodesOf(lower(fixed("max_pool_3x3"), { dropPath: "input" }), "input");
    expect(inputs.map(({ attrs }) => (attrs as { name: string }).name)).toContain(`mask/${edges - 1}`);
  });

  it("is off in evaluation mode and at probability 0, where only its module shows in names", () => {
    for (const graph of [
      lower(fixed("dil_conv_3x3"), { dropPath: "sampled", training: false }),
      lower(fixed("dil_conv_3x3"), { dropPath: "off" }),
    ]) {
      expect(nodesOf(graph, "scale_samples")).toHaveLength(0);
      expect(graph.params.map(({ name }) => name)).toContain("cells.0.dag.0.0._wrapped.0.op.1.weight");
    }
  });
});

describe("the aux tower", () => {
  it("is there in training mode only", () => {
    expect(outputNames(lower(supernet))).toContain("logits_aux");
    expect(outputNames(lower(supernet, { training: false }))).not.toContain("logits_aux");
  });

  it("says which image sizes it can take", () => {
    expect(() => lower(supernet, { size: 64 })).toThrow(
      /aux tower at _aux_towers\.3 pools 16x16 .* change aux_tower_stride/,
    );
  });
});

describe("errors name the op, the place and the remedy", () => {
  it("unknown op", () => {
    expect(() => findOp("sep_conv3x3")).toThrow('there is no op "sep_conv3x3"; did you mean "sep_conv_3x3"?');
    const ctx = lowerInto(new GraphBuilder(), { training: true, affine: true, dropPath: "none" });
    expect(() => ctx.child("cells.0", (sub) => sub.findOp("sep_conv3x3"))).toThrow(/^cells\.0: there is no op/);
  });

  it("a state that does not exist yet", () => {
    const [cell] = supernet.cellDescs;
    const [node] = cell?.nodes ?? [];
    const edges = [{ inputIds: [2], opDesc: opDesc("none", { stride: 1 }) }];
    const desc = { ...supernet, cellDescs: [{ ...cell!, nodes: [{ ...node!, edges }] }] };
    expect(() => lower(desc)).toThrow("cells.0.dag.0.0 reads state 2, but only 2 exist before it");
  });

  it("a node without edges", () => {
    const [cell] = supernet.cellDescs;
    const desc = { ...supernet, cellDescs: [{ ...cell!, nodes: cell!.nodes.map((node) => ({ ...node, edges: [] })) }] };
    expect(() => lower(desc)).toThrow("node 0 of cells.0 has no edges; a finished description gives it some");
  });

  it("a cell with one stem", () => {
    const [cell] = supernet.cellDescs;
    const desc = { ...supernet, cellDescs: [{ ...cell!, stems: cell!.stems.slice(1) }] };
    expect(() => lower(desc)).toThrow("cells.0 needs two stems but has 1");
  });

  it("a classifier for another number of features", () => {
    const desc = { ...supernet, logitsOp: opDesc("linear", { nCh: 7, nClasses: 10 }) };
    expect(() => lower(desc)).toThrow(/op linear at logits_op is described for n_ch = 7 features but gets 32 a sample/);
  });

  it("an image that cannot be halved", () => {
    const g = new GraphBuilder();
    const ctx = lowerInto(g, { training: true, affine: true, dropPath: "none" });
    const x = g.input("x", planes([1, 4, 7, 8]));
    const desc = opDesc("prepr_reduce", { conv: { chIn: 4, chOut: 4 } });
    expect(() => ctx.lowerOp(desc, [x])).toThrow(/op prepr_reduce halves the image .* got 7x8; choose an input size/);
  });
});
