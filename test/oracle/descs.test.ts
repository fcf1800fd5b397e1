import { describe, expect, it } from "vitest";
import { DartsModelDescBuilder } from "../../src/algos/darts/builder.ts";
import { DivnasModelDescBuilder } from "../../src/algos/divnas/builder.ts";
import { GsModelDescBuilder } from "../../src/algos/gs/builder.ts";
import { NasBench101ModelDescBuilder } from "../../src/algos/nasbench101/builder.ts";
import { addPetridishNode, PetridishModelBuilder } from "../../src/algos/petridish/builder.ts";
import { type Picks, RandomModelDescBuilder } from "../../src/algos/random/builder.ts";
import { XnasModelDescBuilder } from "../../src/algos/xnas/builder.ts";
import { type Conf, loadConfig } from "../../src/config/index.ts";
import { fillLegacy } from "../../src/desc/archai-legacy.ts";
import { ModelDescBuilder } from "../../src/desc/builder.ts";
import { modelDescFromJson, modelDescToJson } from "../../src/desc/json.ts";
import type { ModelDesc } from "../../src/desc/model-desc.ts";
import { SupernetError } from "../../src/errors.ts";
import { readText } from "../../src/host/node/files.ts";
import { lowerModel } from "../../src/ops/model.ts";
import { caseNames, loadJson, reportNone } from "./support.ts";

interface DescCase {
  case: string;
  builder: string;
  template?: string;
  picks?: Picks;
  nodes_added?: number;
  desc?: { conf_model_desc: Conf };
  model_error?: string;
  /** Of a case that the reference fails to build: the conf it is about. */
  conf_spec?: string;
  overrides?: string[];
  section?: string;
}

interface MacroRow {
  n_cells: number;
  n_reductions: number;
  error?: string;
  reductions?: number[];
  node_channels?: number[];
  trainables_from?: number[];
  aux_cells?: number[];
  s0_ops?: string[];
  logits_in?: number;
}

const NO_PICKS: Picks = { regular: [], reduction: [] };
const builders: Record<string, (golden: DescCase) => ModelDescBuilder> = {
  ModelDescBuilder: () => new ModelDescBuilder(),
  DartsModelDescBuilder: () => new DartsModelDescBuilder(),
  XnasModelDescBuilder: () => new XnasModelDescBuilder(),
  DivnasModelDescBuilder: () => new DivnasModelDescBuilder(),
  GsModelDescBuilder: () => new GsModelDescBuilder(),
  NasBench101CellBuilder: () => new NasBench101ModelDescBuilder(),
  RandomModelDescBuilder: ({ picks }) => new RandomModelDescBuilder(picks ?? NO_PICKS),
  PetridishModelBuilder: ({ picks }) => new PetridishModelBuilder(picks ?? NO_PICKS),
};

const cases = caseNames("descs")
  .filter((name) => name !== "macro")
  .map((name) => loadJson<DescCase>(`descs/${name}`));

function template(name: string): ModelDesc {
  const isCase = caseNames("descs").includes(name);
  const { desc } = loadJson<{ desc: Record<string, unknown> }>(`descs/${isCase ? "" : "templates/"}${name}`);
  return modelDescFromJson(fillLegacy(desc), name);
}

/** Golden picks name the cell types as the reference's builder does. */
function withCellTypes(golden: DescCase): DescCase {
  const picks = golden.picks as (Picks & { normal?: Picks["regular"] }) | undefined;
  return picks?.normal ? { ...golden, picks: { regular: picks.normal, reduction: picks.reduction } } : golden;
}

function build(golden: DescCase, quirks: boolean): Record<string, unknown> {
  const conf = golden.desc?.conf_model_desc ?? {};
  const builder = builders[golden.builder]?.(withCellTypes(golden));
  if (!builder) throw new Error(`no builder ${golden.builder}`);
  const section = quirks ? { ...conf, reference_quirks: true } : conf;
  let desc = builder.build(section, golden.template === undefined ? undefined : template(golden.template));
  for (let added = 0; added < (golden.nodes_added ?? 0); added++) desc = addPetridishNode(desc);
  return modelDescToJson({ ...desc, confModelDesc: conf });
}

describe("model descriptions", () => {
  reportNone("descriptions", cases);
  for (const golden of cases.filter(({ desc }) => desc)) {
    const exists = golden.builder in builders;
    it.skipIf(!exists)(`${golden.case}${exists ? "" : ` (skipped: ${golden.builder} does not exist yet)`}`, () => {
      expect(build(golden, true)).toEqual(golden.desc);
    });
  }

  it("read and written again are the same", () => {
    for (const { desc, case: name } of cases) {
      if (desc) expect(modelDescToJson(modelDescFromJson(desc, name))).toEqual(desc);
    }
  });
});

describe("descriptions that the reference cannot run", () => {
  const options = { training: true, affine: true, dropPath: "none", batch: 2, height: 32, width: 32 } as const;
  const unbuilt = cases.filter(({ desc }) => !desc);
  const unregistered = cases.filter(({ model_error = "" }) => model_error.startsWith("KeyError"));

  it.each(unbuilt)("$case is built from the conf and runs", async (golden) => {
    const { conf_spec = "", overrides = [], section = "" } = golden;
    const paths = conf_spec.split(";").map((path) => `confs/${path}`);
    const { tree } = await loadConfig(paths.join(";"), { files: { read: readText }, args: overrides });
    const conf = section.split(".").reduce((inner, key) => inner[key] as Conf, tree);
    const desc = builders[golden.builder]!(golden).build(conf);
    expect(() => lowerModel(desc, options)).not.toThrow();
  });

  it.each(unregistered)("$case runs, as the reference describes it and as it should be", (golden) => {
    for (const quirks of [true, false]) {
      // The reference's cells leave the image too large for its aux tower.
      const lower = () => lowerModel(modelDescFromJson(build(golden, quirks)), { ...options, withoutAux: quirks });
      expect(lower).not.toThrow();
    }
  });
});

describe("a doubled channel count that is no reduction", () => {
  const broken = cases.filter(({ model_error = "", template }) => model_error.includes("size of tensor") && !template);

  reportNone("such descriptions", broken);
  it.each(broken)("$case builds a model that runs, unless the reference is followed", (golden) => {
    const options = { training: true, affine: false, dropPath: "none", batch: 2, height: 32, width: 32 } as const;
    expect(() => lowerModel(modelDescFromJson(build(golden, true)), options)).toThrow(SupernetError);
    expect(() => lowerModel(modelDescFromJson(build(golden, false)), options)).not.toThrow();
  });
});

describe("macro structure", () => {
  const names = caseNames("descs");
  const rows = names.includes("macro") ? loadJson<{ rows: MacroRow[] }>("descs/macro").rows : [];
  const base = cases.find(({ case: name }) => name === "darts_search_full")?.desc?.conf_model_desc;

  reportNone("rows of macro structure with the conf they vary, darts_search_full", base ? rows : []);
  it.skipIf(!base).each(rows)("$n_cells cells, $n_reductions reductions", (row) => {
    const section = { ...base, n_cells: row.n_cells, n_reductions: row.n_reductions, aux_weight: 0.4 };
    const builder = new DartsModelDescBuilder();
    if (row.error !== undefined) {
      expect(() => builder.build(section)).toThrow(/raise n_cells or lower n_reductions/);
      return;
    }
    const desc = builder.build(section);
    const indicesOf = (values: readonly boolean[]) => values.flatMap((value, i) => (value ? [i] : []));
    expect({
      reductions: indicesOf(desc.cellDescs.map(({ cellType }) => cellType === "reduction")),
      node_channels: desc.cellDescs.map(({ nodes }) => nodes[0]?.convParams.chOut),
      trainables_from: desc.cellDescs.map(({ trainablesFrom }) => trainablesFrom),
      aux_cells: indicesOf(desc.auxTowerDescs.map((tower) => tower !== null)),
      s0_ops: desc.cellDescs.map(({ stems }) => stems[0]?.name),
      logits_in: desc.logitsOp.params.nCh,
    }).toEqual({
      reductions: row.reductions,
      node_channels: row.node_channels,
      trainables_from: row.trainables_from,
      aux_cells: row.aux_cells,
      s0_ops: row.s0_ops,
      logits_in: row.logits_in,
    });
  });
});
