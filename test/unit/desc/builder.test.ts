import { describe, expect, it } from "vitest";
import { DartsModelDescBuilder } from "../../../src/algos/darts/builder.ts";
import { fillLegacy } from "../../../src/desc/archai-legacy.ts";
import { modelDescFromJson, modelDescToJson, opDescToJson } from "../../../src/desc/json.ts";
import type { ModelDesc } from "../../../src/desc/model-desc.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const section = {
  ...MODEL_DESC,
  n_cells: 5,
  n_reductions: 2,
  aux_weight: 0.4,
  dataset: { ...MODEL_DESC.dataset, name: "cifar10" },
};
const build = (changes: object, template?: ModelDesc) =>
  new DartsModelDescBuilder().build({ ...section, ...changes }, template);
const s0Ops = (desc: ModelDesc) => desc.cellDescs.map(({ stems }) => stems[0]?.name);

describe("sizes of a cell's inputs", () => {
  const normal = ["prepr_normal", "prepr_normal", "prepr_reduce", "prepr_normal", "prepr_reduce"];

  it("are made equal after every reduction", () => {
    expect(s0Ops(build({}))).toEqual(normal);
  });

  it("are told from the image, not from the channels, unless the reference is followed", () => {
    const narrow = { model_stems: { ...section.model_stems, stem_multiplier: 1 } };
    expect(s0Ops(build(narrow))).toEqual(normal);
    expect(s0Ops(build({ ...narrow, reference_quirks: true }))[1]).toBe("prepr_reduce");
  });

  it("may start different, by a factor of 2", () => {
    const stems = (...ops: string[]) => ({ model_stems: { ...section.model_stems, ops } });
    expect(s0Ops(build(stems("stem_conv3x3_s4", "stem_conv3x3_s4s2")))[0]).toBe("prepr_reduce");
    expect(() => build(stems("stem_conv3x3", "stem_conv3x3_s4"))).toThrow(
      /inputs of cell 0 are 1\/1 and 1\/4 .* choose/,
    );
  });
});

describe("templates", () => {
  const searched = build({});

  it("are scaled to the new channels, cell type by cell type", () => {
    const model_stems = { ...section.model_stems, init_node_ch: 10 };
    const scaled = build({ n_cells: 8, model_stems }, searched);
    const channels = scaled.cellDescs.map(({ nodes }) => nodes[0]?.edges[0]?.opDesc.params.conv?.chOut);
    expect(channels).toEqual([10, 10, 20, 20, 20, 40, 40, 40]);
    expect(scaled.cellDescs[2]?.nodes[0]?.edges[0]?.opDesc.params.stride).toBe(2);
    expect(scaled.cellDescs[3]?.nodes[0]?.edges[0]?.opDesc.params.stride).toBe(1);
  });

  it("must have the types of cells that are asked for", () => {
    expect(() => build({}, build({ n_reductions: 0 }))).toThrow("the template has no reduction cell");
  });
});

describe("errors say what to change", () => {
  it.each([
    [{ n_cells: 4 }, /2 reductions need at least 5 cells .* raise n_cells or lower n_reductions/],
    [
      { model_stems: { ...section.model_stems, ops: ["stem", "stem"] } },
      /"stem", which is no stem; choose from stem_conv3x3/,
    ],
    [{ cell: { n_nodes: 2, cell_post_op: "sum" } }, /cell_post_op is "sum"; choose from concate_channels/],
    [{ n_cells: "five" }, /^the conf section model_desc is not valid:\n {2}model_desc\.n_cells: .*expected number/],
  ])("%o", (changes, message) => {
    expect(() => build(changes)).toThrow(message);
  });
});

describe("descriptions of older versions", () => {
  it("are completed from what they hold", () => {
    const desc = build({ n_reductions: 0 });
    const json = modelDescToJson(desc);
    const cells = (json.cell_descs as Record<string, unknown>[]).map((cell, i) => ({
      id: cell.id,
      cell_type: cell.cell_type,
      nodes: (cell.nodes as { edges: unknown }[]).map(({ edges }) => ({ edges })),
      s0_op: opDescToJson(desc.cellDescs[i]!.stems[0]!),
      s1_op: opDescToJson(desc.cellDescs[i]!.stems[1]!),
      alphas_from: 0,
      max_final_edges: 2,
    }));
    const { conf_model_desc, max_final_edges, ...old } = json;
    const read = modelDescFromJson(fillLegacy({ ...old, cell_descs: cells }), "old.yaml");
    expect(read).toEqual({
      ...desc,
      confModelDesc: {},
      cellDescs: desc.cellDescs.map((cell) => ({ ...cell, confCell: {} })),
    });
  });
});
