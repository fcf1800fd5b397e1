import { describe, expect, it } from "vitest";
import { DartsModelDescBuilder } from "../../src/algos/darts/builder.ts";
import type { Conf } from "../../src/config/index.ts";
import { modelDescFromJson } from "../../src/desc/json.ts";
import type { ModelDesc } from "../../src/desc/model-desc.ts";
import { modelStats, statsUnder } from "../../src/models/stats.ts";
import { caseNames, loadJson, reportNone } from "./support.ts";

interface StatsCase {
  case: string;
  conf_spec: string;
  section: string;
  template: string | null;
  overrides: string[];
  affine: boolean;
  input_shape: number[];
  params: number;
  params_alphas: number;
  params_aux: number;
  params_by_child: Record<string, number>;
  params_by_cell: number[];
  tensorwatch: { parameters: number; MAdd: number; Flops: number };
  macs: number;
  desc?: unknown;
  layers?: { name: string; type: string; out_shape: number[]; params: number; MAdd: number; Flops: number }[];
}

interface DescCase {
  conf_spec?: string;
  section?: string;
  overrides?: string[];
  builder?: string;
  desc?: { conf_model_desc: Conf };
}

/** Cases carry their description, or name the conf of a case of `descs` and perhaps another template. */
function descOf(golden: StatsCase): ModelDesc | undefined {
  if (golden.desc) return modelDescFromJson(golden.desc, golden.case);
  const same = caseNames("descs")
    .map((name) => loadJson<DescCase>(`descs/${name}`))
    .find(
      ({ conf_spec, section, overrides = [], builder }) =>
        builder === "DartsModelDescBuilder" &&
        conf_spec === golden.conf_spec &&
        section === golden.section &&
        overrides.join(" ") === golden.overrides.join(" "),
    );
  if (!same?.desc) return undefined;
  const template =
    golden.template === null ? undefined : loadJson<{ desc: unknown }>(`descs/templates/${golden.template}`);
  return new DartsModelDescBuilder().build(
    same.desc.conf_model_desc,
    template && modelDescFromJson(template.desc, golden.template ?? ""),
  );
}

const cases = caseNames("misc").includes("stats") ? loadJson<StatsCase[]>("misc/stats") : [];

describe("parameters and operations", () => {
  reportNone("stats", cases);
  for (const golden of cases) {
    const desc = descOf(golden);
    it.skipIf(!desc)(`${golden.case}${desc ? "" : " (skipped: no description of it is stored)"}`, () => {
      const [, , height = 0, width = 0] = golden.input_shape;
      // Names with drop path are those of evaluation, which is where templates come from.
      const options = { height, width, affine: golden.affine, dropPath: golden.template !== null };
      const stats = modelStats(desc as ModelDesc, options);
      const under = (module: string) => statsUnder(stats, module).params;
      expect({
        params: stats.params,
        alphas: stats.alphas,
        aux: stats.auxParams,
        counted: stats.params - stats.alphas - stats.auxParams,
        MAdd: stats.mAdd,
        Flops: stats.flops,
        macs: stats.macs,
        children: Object.fromEntries(Object.keys(golden.params_by_child).map((child) => [child, under(child)])),
        cells: golden.params_by_cell.map((_, i) => under(`cells.${i}`)),
      }).toEqual({
        params: golden.params,
        alphas: golden.params_alphas,
        aux: golden.params_aux,
        counted: golden.tensorwatch.parameters,
        MAdd: golden.tensorwatch.MAdd,
        Flops: golden.tensorwatch.Flops,
        macs: golden.macs,
        children: golden.params_by_child,
        cells: golden.params_by_cell,
      });
      for (const layer of golden.layers ?? []) {
        // Only layers with parameters are modules of ours too, except that a linear layer is a convolution here.
        if (!["Conv2d", "BatchNorm2d", "Linear"].includes(layer.type)) continue;
        const own = stats.layers.find(({ name, op }) => name === layer.name && op !== "add_bias");
        const counts = { name: own?.name, MAdd: own?.mAdd, Flops: own?.flops, params: under(layer.name) };
        expect(counts).toEqual({ name: layer.name, MAdd: layer.MAdd, Flops: layer.Flops, params: layer.params });
      }
    });
  }
});
