import { describe, expect, it } from "vitest";
import { alphasText } from "../../../src/report/alphas.ts";
import { cell, edge, network } from "./support.ts";

const mixed = (op: string) => [
  [edge(op, 0), edge(op, 1)],
  [edge(op, 0), edge(op, 1), edge(op, 2)],
];
const name = (id: number, node: number, index: number) => `cells.${id}.dag.${node}.${index}._wrapped.alphas_arch_param`;
const noPreference = new Array<number>(8).fill(0);

describe("alphasText", () => {
  it("gives the weight of every primitive on every edge, for cells that own alphas", () => {
    const supernet = network(
      cell(0, "regular", mixed("mixed_op")),
      cell(1, "reduction", [[edge("mixed_op", 0)]]),
      cell(2, "regular", mixed("mixed_op"), 0),
    );
    const alphas = new Map<string, ArrayLike<number>>([
      [name(0, 0, 0), noPreference],
      // Twice and four times as likely as the others.
      [name(0, 0, 1), [0, 0, Math.log(2), Math.log(4), 0, 0, 0, 0]],
      // No overflow.
      [name(0, 1, 0), [1000, 999, 0, 0, 0, 0, 0, 0]],
      [name(0, 1, 1), noPreference],
      [name(0, 1, 2), Float32Array.of(0, 0, 0, 0, 0, 0, 0, -100)],
      [name(1, 0, 0), noPreference],
    ]);
    const text = alphasText(supernet, alphas);
    expect(text).toMatchInlineSnapshot(`
      "normal cell, softmax of the alphas in %
                       max 3x3 avg 3x3    skip sep 3x3 sep 5x5 dil 3x3 dil 5x5    none
      node 0 <- c[k-2]   12.50   12.50   12.50   12.50   12.50   12.50   12.50   12.50
      node 0 <- c[k-1]    8.33    8.33   16.67   33.33    8.33    8.33    8.33    8.33
      node 1 <- c[k-2]   73.11   26.89    0.00    0.00    0.00    0.00    0.00    0.00
      node 1 <- c[k-1]   12.50   12.50   12.50   12.50   12.50   12.50   12.50   12.50
      node 1 <- node 0   14.29   14.29   14.29   14.29   14.29   14.29   14.29    0.00
      reduction cell, softmax of the alphas in %
                       max 3x3 avg 3x3    skip sep 3x3 sep 5x5 dil 3x3 dil 5x5    none
      node 0 <- c[k-2]   12.50   12.50   12.50   12.50   12.50   12.50   12.50   12.50"
    `);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBe(80);
  });

  it("tells cells of one type apart that own alphas each, and shows XNAS's by their share", () => {
    const nodes = [[edge("xnas_op", 1)]];
    const supernet = network(cell(0, "regular", nodes), cell(1, "regular", nodes));
    const alphas = new Map([
      [name(0, 0, 0), [1, 1, 1, 1, 1, 1, 1, 1]],
      [name(1, 0, 0), [3, 0, 0, 0, 0, 0, 0, 1]],
    ]);
    expect(alphasText(supernet, alphas)).toMatchInlineSnapshot(`
      "normal cell 0, alphas in % of their sum
                       max 3x3 avg 3x3    skip sep 3x3 sep 5x5 dil 3x3 dil 5x5    none
      node 0 <- c[k-1]   12.50   12.50   12.50   12.50   12.50   12.50   12.50   12.50
      normal cell 1, alphas in % of their sum
                       max 3x3 avg 3x3    skip sep 3x3 sep 5x5 dil 3x3 dil 5x5    none
      node 0 <- c[k-1]   75.00    0.00    0.00    0.00    0.00    0.00    0.00   25.00"
    `);
  });

  it("shows a Gumbel-softmax search's by the softmax over all edges of a node", () => {
    const supernet = network(cell(0, "regular", [[edge("gs_op", 0), edge("gs_op", 1)], [edge("gs_op", 2)]]));
    const alphas = new Map([
      [name(0, 0, 0), [Math.log(9), 0, 0, 0, 0, 0, 0, 0]],
      [name(0, 0, 1), noPreference],
      [name(0, 1, 0), noPreference],
    ]);
    expect(alphasText(supernet, alphas)).toMatchInlineSnapshot(`
      "normal cell, softmax of all alphas of a node in %
                       max 3x3 avg 3x3    skip sep 3x3 sep 5x5 dil 3x3 dil 5x5    none
      node 0 <- c[k-2]   37.50    4.17    4.17    4.17    4.17    4.17    4.17    4.17
      node 0 <- c[k-1]    4.17    4.17    4.17    4.17    4.17    4.17    4.17    4.17
      node 1 <- node 0   12.50   12.50   12.50   12.50   12.50   12.50   12.50   12.50"
    `);
  });

  it("shows Petridish's alphas as they are, input by input", () => {
    const supernet = network(
      cell(0, "reduction", [[edge("sep_conv_3x3", 1)], [edge("petridish_reduction_op", 0, 1, 2)]]),
    );
    const alphas = new Map([0, 1, 2].map((i) => [`${name(0, 1, 0)}.${i}`, [i / 8, -i / 16, 0, 0, 0, 0, 0, 0.05]]));
    expect(alphasText(supernet, alphas)).toMatchInlineSnapshot(`
      "reduction cell, alphas
                       max 3x3 avg 3x3    skip sep 3x3 sep 5x5 dil 3x3 dil 5x5    none
      node 1 <- c[k-2]   0.000   0.000   0.000   0.000   0.000   0.000   0.000   0.050
      node 1 <- c[k-1]   0.125  -0.063   0.000   0.000   0.000   0.000   0.000   0.050
      node 1 <- node 0   0.250  -0.125   0.000   0.000   0.000   0.000   0.000   0.050"
    `);
  });

  it("has nothing to show of an architecture that is found", () => {
    expect(alphasText(network(cell(0, "regular", [[edge("skip_connect", 0)]])), new Map())).toBe("");
  });
});
