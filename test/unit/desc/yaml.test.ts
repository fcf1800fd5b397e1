import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DartsModelDescBuilder } from "../../../src/algos/darts/builder.ts";
import { modelDescToArchaiYaml } from "../../../src/desc/archai-yaml.ts";
import type { ModelDesc } from "../../../src/desc/model-desc.ts";
import { modelDescToYaml, parseModelDesc } from "../../../src/desc/yaml.ts";
import { modelStats } from "../../../src/models/stats.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const section = {
  ...MODEL_DESC,
  n_cells: 5,
  n_reductions: 2,
  aux_weight: 0.4,
  dataset: { ...MODEL_DESC.dataset, name: "cifar10", dataroot: "~/data: 1" },
};

const built = new DartsModelDescBuilder().build(section);

/** A description with everything a file can hold: an op with children and one of several inputs. */
const rich: ModelDesc = {
  ...built,
  cellDescs: built.cellDescs.map((cell) => ({
    ...cell,
    nodes: [
      ...cell.nodes,
      {
        convParams: { chIn: 4, chOut: 4 },
        edges: [
          {
            inputIds: [0, 2],
            opDesc: {
              name: "multi_op",
              inLen: 2,
              params: { conv: { chIn: 4, chOut: 4 }, strides: [1, 1], gs_num_sample: 3 },
              children: [
                { name: "skip_connect", inLen: 1, params: { stride: 1 }, children: null, childrenIns: null },
                { name: "none", inLen: 1, params: { stride: 1 }, children: null, childrenIns: null },
              ],
              childrenIns: [1, 0],
            },
          },
        ],
      },
    ],
  })),
};

describe("our format", () => {
  it("reads what it wrote", () => {
    expect(parseModelDesc(modelDescToYaml(rich), "x.yaml")).toEqual(rich);
  });

  it("writes an edge on one line, without what goes without saying", () => {
    const edge =
      "- { input_ids: [ 0 ], op_desc: { name: mixed_op, params: { conv: { ch_in: 4, ch_out: 4 }, stride: 1 } } }";
    expect(modelDescToYaml(built)).toContain(edge);
  });

  it("names the line and the place of what is wrong", () => {
    const text = modelDescToYaml(built);
    const line = text.split("\n").findIndex((text) => text.includes("stride: 2")) + 1;
    const broken = text.replace("stride: 2", "stride: two").replace("trainables_from: 0", "trainable_from: 0");
    const parse = () => parseModelDesc(broken, "net.yaml");
    expect(parse).toThrow(new RegExp(`net\\.yaml.*\\n[^]*line ${line}, cell_descs\\[1\\].nodes\\[0\\].*stride`));
    expect(parse).toThrow(/cell_descs\[0\].*trainables_from/);
    expect(parse).toThrow(/trainable_from/);
  });

  it("rejects what is no description", () => {
    expect(() => parseModelDesc("[1, 2]", "list.yaml")).toThrow("list.yaml holds no model description");
    expect(() => parseModelDesc("a: [1", "open.yaml")).toThrow(/^open\.yaml:1:6: not valid YAML: /);
  });
});

describe("Archai's format", () => {
  const path = join(import.meta.dirname, "../../oracle/data/log/search.final_model_desc.yaml");
  const text = readFileSync(path, "utf8");

  it("is read", () => {
    const desc = parseModelDesc(text, "final_model_desc.yaml");
    expect(desc.cellDescs.map(({ cellType }) => cellType)).toEqual(["regular", "reduction", "regular"]);
    expect(desc.cellDescs[0]?.nodes[0]?.edges[0]?.opDesc).toEqual({
      name: "sep_conv_3x3",
      inLen: 1,
      params: { conv: { chIn: 4, chOut: 4 }, stride: 1 },
      children: null,
      childrenIns: null,
    });
    expect(desc.cellDescs[2]?.nodes[0]?.convParams).toEqual({ chIn: 8, chOut: 8 });
    expect(desc.confModelDesc).toMatchObject({ n_cells: 3, cell: { n_nodes: 2 }, dataset: { name: "cifar10" } });
  });

  it("is read with the module paths of older versions", () => {
    const old = text.replaceAll("archai.supergraph.nas.", "archai.nas.");
    expect(parseModelDesc(old, "old.yaml")).toEqual(parseModelDesc(text, "new.yaml"));
  });

  it("is read when a cell's type is a call of its class, as older Pythons write it", () => {
    const cellType = /cell_type: (&\S+ )?!!python\/object\/apply:builtins.getattr\n {2}- .*\n {2}- (\w+)/g;
    const old = text.replaceAll(
      cellType,
      (_, anchor = "", type: string) =>
        `cell_type: ${anchor}!!python/object/apply:archai.nas.model_desc.CellType\n  - ${type.toLowerCase()}`,
    );
    expect(old).not.toBe(text);
    // The class is named at its first use; later uses refer to it.
    expect(old).toContain("CellType\n");
    expect(parseModelDesc(old, "old.yaml").cellDescs[0]?.cellType).toBe("regular");
  });

  it("is read as versions before 1.0 wrote it: inputs and channels of a cell in attributes of their own", () => {
    const P = "!!python/object:archai.nas.model_desc";
    const op = (name: string, chIn: number, chOut: number, more = "") =>
      `${P}.OpDesc {children: null, children_ins: null, in_len: 1, name: ${name}, trainables: null, ` +
      `params: {conv: ${P}.ConvMacroParams {ch_in: ${chIn}, ch_out: ${chOut}}${more}}}`;
    const old = `${P}.ModelDesc
_cell_descs:
- ${P}.CellDesc
  _nodes:
  - ${P}.NodeDesc
    edges:
    - ${P}.EdgeDesc
      input_ids:
      - 0
      op_desc: ${op("sep_conv_3x3", 4, 4, ", stride: 1")}
  alphas_from: 0
  cell_ch_out: 4
  cell_type: &id001 !!python/object/apply:archai.nas.model_desc.CellType
  - regular
  conv_params: ${P}.ConvMacroParams {ch_in: 4, ch_out: 4}
  id: 0
  max_final_edges: 2
  node_ch_out: 4
  post_op: ${op("concate_channels", 4, 4, ", out_states: 1")}
  s0_op: ${op("prepr_normal", 12, 4)}
  s1_op: ${op("prepr_normal", 12, 4)}
aux_tower_descs:
- null
ds_ch: 3
logits_op: ${P}.OpDesc {children: null, children_ins: null, in_len: 1, name: linear, params: {n_ch: 4, n_classes: 10}}
model_stems:
- ${op("stem_conv3x3", 3, 12)}
- ${op("stem_conv3x3", 3, 12)}
n_classes: 10
params: {gs_num_sample: 4}
pool_op: ${op("pool_adaptive_avg2d", 4, 4)}
`;
    const desc = parseModelDesc(old, "final_model_desc3.yaml");
    expect(desc.params).toEqual({ gs_num_sample: 4 });
    expect(desc.maxFinalEdges).toBe(2);
    const [cell] = desc.cellDescs;
    expect(cell).toMatchObject({ cellType: "regular", trainablesFrom: 0, outShape: [4, -1, -1, -1] });
    expect(cell?.stems.map(({ name, params }) => [name, params.conv?.chIn])).toEqual([
      ["prepr_normal", 12],
      ["prepr_normal", 12],
    ]);
    expect(cell?.nodes[0]?.convParams).toEqual({ chIn: 4, chOut: 4 });
    expect(() => modelStats(desc, { height: 8, width: 8, affine: true })).not.toThrow();
  });

  it("is read after it was written", () => {
    const written = modelDescToArchaiYaml(rich);
    expect(written).toMatch(/^!!python\/object:archai\.supergraph\.nas\.model_desc\.ModelDesc\n_cell_descs:/);
    expect(parseModelDesc(written, "written.yaml")).toEqual(rich);
  });
});
