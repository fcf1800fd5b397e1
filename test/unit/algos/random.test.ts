import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RandomModelDescBuilder } from "../../../src/algos/random/builder.ts";
import { drawPicks } from "../../../src/algos/random/draw.ts";
import { random } from "../../../src/algos/random/index.ts";
import { loadConfig, parseExperimentConf } from "../../../src/config/index.ts";
import { readText } from "../../../src/host/node/files.ts";
import { checkAlgorithm } from "../../../src/nas/compatibility.ts";
import { PRIMITIVES } from "../../../src/ops/mixture.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 53 - 1 });

describe("drawn cells", () => {
  test("are those of one number of nodes", () => {
    const builder = new RandomModelDescBuilder(drawPicks(1, { nodes: 3, edges: 2 }));
    expect(() => builder.build(MODEL_DESC)).toThrow("3 nodes were drawn for a cell of 2");
  });

  test("have nodes of different inputs that are there, with an op each that is not none", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 2 }), (seed, nodes, edges) => {
        const picks = drawPicks(seed, { nodes, edges });
        for (const cell of [picks.regular, picks.reduction]) {
          expect(cell).toHaveLength(nodes);
          for (const [node, { ops, inputs }] of cell.entries()) {
            expect(new Set(inputs).size).toBe(edges);
            expect(inputs.every((input) => input >= 0 && input < node + 2)).toBe(true);
            expect(ops).toHaveLength(edges);
            expect(ops.every((op) => op !== "none" && PRIMITIVES.includes(op as never))).toBe(true);
          }
        }
      }),
    );
  });

  test("repeat with their seed, and begin with the nodes of smaller cells", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 6 }), (seed, nodes) => {
        const [small, large] = [nodes, nodes + 2].map((count) => drawPicks(seed, { nodes: count, edges: 2 }));
        expect(large!.regular.slice(0, nodes)).toEqual(small!.regular);
        expect(large!.reduction.slice(0, nodes)).toEqual(small!.reduction);
      }),
    );
  });

  test("are what this seed has always meant", () => {
    expect(drawPicks(2, { nodes: 2, edges: 2 })).toMatchInlineSnapshot(`
      {
        "reduction": [
          {
            "inputs": [
              1,
              0,
            ],
            "ops": [
              "sep_conv_5x5",
              "dil_conv_3x3",
            ],
          },
          {
            "inputs": [
              2,
              0,
            ],
            "ops": [
              "dil_conv_3x3",
              "dil_conv_3x3",
            ],
          },
        ],
        "regular": [
          {
            "inputs": [
              0,
              1,
            ],
            "ops": [
              "dil_conv_5x5",
              "dil_conv_5x5",
            ],
          },
          {
            "inputs": [
              1,
              0,
            ],
            "ops": [
              "sep_conv_5x5",
              "sep_conv_5x5",
            ],
          },
        ],
      }
    `);
  });

  test("take every input and every op about equally often", () => {
    const draws = 2000;
    const inputs = [0, 0, 0, 0];
    const ops = new Map<string, number>();
    for (let seed = 0; seed < draws; seed++) {
      const { regular } = drawPicks(seed, { nodes: 3, edges: 2 });
      for (const input of regular[2]!.inputs) inputs[input]!++;
      for (const op of regular[2]!.ops) ops.set(op, (ops.get(op) ?? 0) + 1);
    }
    // Binomial counts: five standard deviations from what is expected.
    const near = (count: number, share: number, of: number) =>
      expect(Math.abs(count - of * share)).toBeLessThan(5 * Math.sqrt(of * share * (1 - share)));
    for (const count of inputs) near(count, 1 / 2, draws);
    expect(ops.size).toBe(PRIMITIVES.length - 1);
    for (const count of ops.values()) near(count, 1 / ops.size, 2 * draws);
  });
});

describe("confs", () => {
  const check = async (...args: string[]) => {
    const files = "confs/algos/random_toy.yaml;confs/datasets/shapes_toy.yaml";
    const loaded = await loadConfig(files, { files: { read: readText }, args });
    checkAlgorithm(random, parseExperimentConf(loaded.tree, loaded.places));
  };

  test("that come with the package can be drawn from", async () => {
    await expect(check()).resolves.toBeUndefined();
  });

  test("that the first node has too few inputs for are refused", async () => {
    await expect(check("--nas.search.model_desc.num_edges_to_sample", "3")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: nas.search.model_desc.num_edges_to_sample is 3, but the first node of a cell has 2 inputs; set it to 1 or 2]`,
    );
  });

  test("that ask for several draws in each search of a sweep are refused", async () => {
    const several = ["--nas.search.random.seeds", "3", "--nas.search.search_iters", "2"];
    const trained = ["--nas.search.post_train.trainer.epochs", "1"];
    await expect(check(...several, ...trained)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: nas.search.random.seeds is 3; in a sweep each search draws one: set it to 1, and nas.search.search_iters to the number of draws]`,
    );
  });

  test("that ask for a finalizer are refused: cells are kept as they are drawn", async () => {
    await expect(check("--nas.search.finalizer", "random")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: random has no finalizer "random"; set nas.search.finalizer to default]`,
    );
  });
});
