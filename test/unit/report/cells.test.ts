import { describe, expect, it } from "vitest";
import { cellGraphs, cellsText, skipShare } from "../../../src/report/cells.ts";
import { cell, edge, multiEdge, network } from "./support.ts";

const normal = [
  [edge("sep_conv_3x3", 1), edge("skip_connect", 0)],
  [edge("dil_conv_5x5", 2), edge("avg_pool_3x3", 1)],
];
const reduction = [[edge("max_pool_3x3", 0), edge("max_pool_3x3", 1)]];

describe("cellsText", () => {
  it("shows each type of cell once, node by node, inputs named", () => {
    const desc = network(cell(0, "regular", normal), cell(1, "reduction", reduction), cell(2, "regular", normal));
    expect(cellsText(desc)).toMatchInlineSnapshot(`
      "normal cell
        node 0 = sep_conv_3x3(c[k-1]) + skip_connect(c[k-2])
        node 1 = dil_conv_5x5(node 0) + avg_pool_3x3(c[k-1])
      reduction cell
        node 0 = max_pool_3x3(c[k-2]) + max_pool_3x3(c[k-1])"
    `);
  });

  it("says which cells are meant where those of one type differ", () => {
    const cells = [normal, normal.slice(1), normal].map((nodes, id) => cell(id, "regular", nodes));
    expect(cellsText(network(...cells))).toMatchInlineSnapshot(`
      "normal cell (cells 0, 2)
        node 0 = sep_conv_3x3(c[k-1]) + skip_connect(c[k-2])
        node 1 = dil_conv_5x5(node 0) + avg_pool_3x3(c[k-1])
      normal cell (cell 1)
        node 0 = dil_conv_5x5(node 0) + avg_pool_3x3(c[k-1])"
    `);
  });

  it("shows what a multi_op joins, ops of several inputs, and nodes yet without edges", () => {
    const nodes = [[multiEdge(1, ["none", "skip_connect"])], [edge("petridish_normal_op", 0, 1, 2)], []];
    expect(cellsText(network(cell(0, "regular", nodes)))).toMatchInlineSnapshot(`
      "normal cell
        node 0 = multi_op(none(c[k-1]), skip_connect(c[k-1]))
        node 1 = petridish_normal_op(c[k-2], c[k-1], node 0)
        node 2 = (no edges)"
    `);
  });

  it("has nothing to show of a network without cells", () => {
    expect(cellsText(network())).toBe("");
  });
});

describe("cellGraphs", () => {
  it("has each type of cell once, with the states that every edge reads", () => {
    const desc = network(cell(0, "regular", normal), cell(1, "reduction", reduction), cell(2, "regular", normal));
    expect(cellGraphs(desc)).toEqual([
      {
        cellType: "regular",
        cell: 0,
        nodes: 2,
        edges: [
          { node: 0, states: [1], op: "sep_conv_3x3" },
          { node: 0, states: [0], op: "skip_connect" },
          { node: 1, states: [2], op: "dil_conv_5x5" },
          { node: 1, states: [1], op: "avg_pool_3x3" },
        ],
      },
      {
        cellType: "reduction",
        cell: 1,
        nodes: 1,
        edges: [
          { node: 0, states: [0], op: "max_pool_3x3" },
          { node: 0, states: [1], op: "max_pool_3x3" },
        ],
      },
    ]);
    expect(skipShare(cellGraphs(desc))).toBeCloseTo(1 / 6);
    expect(skipShare([])).toBe(0);
  });
});
