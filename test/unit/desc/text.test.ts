import { describe, expect, it } from "vitest";
import { DartsModelDescBuilder } from "../../../src/algos/darts/builder.ts";
import { builderFor } from "../../../src/cli/desc-builders.ts";
import { describeModel } from "../../../src/cli/desc-text.ts";
import { modelStats } from "../../../src/models/stats.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const section = {
  ...MODEL_DESC,
  cell: { ...MODEL_DESC.cell, n_nodes: 1 },
  model_stems: { ...MODEL_DESC.model_stems, init_node_ch: 2 },
  dataset: { ...MODEL_DESC.dataset, name: "cifar10" },
};
const desc = new DartsModelDescBuilder().build(section);
const size = { height: 8, width: 8 };

describe("describeModel", () => {
  const text = describeModel(desc, size);

  it("shows cells, nodes, and what repeats", () => {
    expect(text).toContain("3 cells, 10 classes, images 3x8x8");
    expect(text).toMatch(/cell 1 {2}reduction, 4 channels a node {2,}/);
    expect(text).toContain("n0 = mixed_op/2(s0) + mixed_op/2(s1)");
    expect(text).toMatch(/cell 2 {2}regular.*alphas of cell 0/);
    expect(text).toContain("nodes as in cell 0");
  });

  it("gives costs that add up", () => {
    const rows = describeModel(desc, { ...size, ops: true }).split("\n");
    const costs = rows.flatMap((line) => {
      const match = /^( *).*?([\d,]+) params +([\d,]+) multiply-adds$/.exec(line);
      return match ? [{ depth: match[1]?.length, params: toNumber(match[2]), macs: toNumber(match[3]) }] : [];
    });
    const stats = modelStats(desc, { ...size, affine: false });
    const sum = (depth: number, key: "params" | "macs") =>
      costs.filter((cost) => cost.depth === depth).reduce((total, cost) => total + cost[key], 0);
    expect(sum(0, "params")).toBe(stats.params);
    expect(sum(0, "macs")).toBe(stats.macs);
    // Ops of the cells: what the cells have.
    const cells = costs.filter((_, i) =>
      rows
        .filter((line) => line.includes("params "))
        .at(i)
        ?.startsWith("cell"),
    );
    expect(sum(2, "params")).toBe(cells.reduce((total, { params }) => total + params, 0));
  });
});

const toNumber = (text = "") => Number(text.replaceAll(",", ""));

describe("builderFor", () => {
  it("goes by the name of the first conf file unless told otherwise", () => {
    expect(builderFor(undefined, "confs/algos/darts_toy.yaml;confs/datasets/cifar10.yaml")).toBeInstanceOf(
      DartsModelDescBuilder,
    );
    expect(builderFor("darts", "my.yaml")).toBeInstanceOf(DartsModelDescBuilder);
  });

  it("says which builders there are", () => {
    expect(() => builderFor(undefined, "my.yaml")).toThrow(/my\.yaml is not named after .* base, darts/);
    expect(() => builderFor("dart", "my.yaml")).toThrow('there is no builder "dart"; did you mean "darts"?');
  });
});
