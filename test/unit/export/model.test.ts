import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { modelDescFromJson } from "../../../src/desc/json.ts";
import { SupernetError } from "../../../src/errors.ts";
import { modelTensors, paramValues } from "../../../src/export/model.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../../../src/export/safetensors.ts";
import type { ParamSpec } from "../../../src/graph/types.ts";
import { lowerModel } from "../../../src/ops/model.ts";

const params: ParamSpec[] = [
  { name: "conv.weight", role: "weights", shape: [2, 1, 1, 1], init: { kind: "uniform_fan_in", fanIn: 1 } },
  { name: "bn.running_stats", role: "state", shape: [2, 2], init: { kind: "running_stats" } },
  { name: "fc.weight", role: "weights", shape: [1, 2], init: { kind: "uniform_fan_in", fanIn: 2 } },
];
const values = new Map([
  ["conv.weight", Float32Array.of(1, 2)],
  ["bn.running_stats", Float32Array.of(3, 4, 5, 6)],
  ["fc.weight", Float32Array.of(7, 8)],
]);

describe("modelTensors", () => {
  it("names tensors as PyTorch does, running mean and variance apart", () => {
    expect([...modelTensors(params, values)].map(([name, { shape, data }]) => [name, shape, [...data]])).toEqual([
      ["conv.weight", [2, 1, 1, 1], [1, 2]],
      ["bn.running_mean", [2], [3, 4]],
      ["bn.running_var", [2], [5, 6]],
      ["fc.weight", [1, 2], [7, 8]],
    ]);
  });

  it("counts the batches of every batch norm if told how many there were", () => {
    const tensors = modelTensors(params, values, { batches: 3 });
    expect(tensors.get("bn.num_batches_tracked")).toEqual({ dtype: "I64", shape: [], data: BigInt64Array.of(3n) });
    expect([...tensors.keys()].indexOf("bn.num_batches_tracked")).toBe(3);
  });

  it("does not make up what is missing", () => {
    expect(() => modelTensors(params, new Map())).toThrow("no values for conv.weight");
  });
});

describe("paramValues", () => {
  const tensors = modelTensors(params, values);
  const errorWith = (changes: Record<string, SafeTensor | undefined>): string => {
    const changed = new Map(tensors);
    for (const [name, tensor] of Object.entries(changes)) {
      if (tensor) changed.set(name, tensor);
      else changed.delete(name);
    }
    try {
      paramValues(params, changed);
    } catch (error) {
      if (error instanceof SupernetError && error.code === "io") return error.message;
      throw error;
    }
    return "read without error";
  };
  const f32 = (...shape: number[]): SafeTensor => ({ dtype: "F32", shape, data: new Float32Array(2) });

  it("is the inverse, through a file", () => {
    const file = writeSafetensors(modelTensors(params, values, { batches: 3 }));
    expect([...paramValues(params, readSafetensors(file))]).toEqual([...values]);
  });

  it("says what does not fit the model", () => {
    expect(errorWith({ "fc.weight": undefined })).toMatchInlineSnapshot(
      `"the weights are those of another architecture: fc.weight is missing, the model wants F32 [1, 2]; use the description saved with them"`,
    );
    expect(errorWith({ "fc.weight": f32(2, 1) })).toMatchInlineSnapshot(
      `"the weights are those of another architecture: fc.weight is F32 [2, 1], the model wants F32 [1, 2]; use the description saved with them"`,
    );
    expect(
      errorWith({ "bn.running_var": { dtype: "I32", shape: [2], data: new Int32Array(2) } }),
    ).toMatchInlineSnapshot(
      `"the weights are those of another architecture: bn.running_var is I32 [2], the model wants F32 [2]; use the description saved with them"`,
    );
    expect(errorWith({ "conv2.weight": f32(2) })).toMatchInlineSnapshot(
      `"the weights are those of another architecture: the model has no conv2.weight; use the description saved with them"`,
    );
  });

  it("passes over what only PyTorch keeps", () => {
    const counter = { dtype: "I64", shape: [], data: BigInt64Array.of(1n) } as const;
    expect(errorWith({ "bn.num_batches_tracked": counter, "cells.0.dag.1.0._op.op.1.weight": f32(2) })).toBe(
      "read without error",
    );
    // A stem's `_op` is its only name.
    expect(errorWith({ "model_stems.0._op.0.weight": f32(2) })).toContain(
      "the model has no model_stems.0._op.0.weight",
    );
  });
});

describe("on models of the reference", () => {
  const golden = join(process.env.ORACLE_DIR ?? join(import.meta.dirname, "../../oracle/data"), "models");
  const cases = readdirSync(golden).flatMap((file) => (file.endsWith(".json") ? [file.slice(0, -".json".length)] : []));

  it("has cases", () => expect(cases.length).toBeGreaterThan(0));

  it.each(cases)("%s: writes its parameters and buffers as the reference names them, in its order", (name) => {
    const { desc, affine, droppath, formula_params } = JSON.parse(readFileSync(join(golden, `${name}.json`), "utf8"));
    const file = readSafetensors(readFileSync(join(golden, `${name}.safetensors`)), name);
    const [batch = 0, , height = 0, width = 0] = file.get("x")!.shape;
    const dropPath = droppath ? "off" : "none";
    const model = lowerModel(modelDescFromJson(desc), { batch, height, width, affine, dropPath, training: true });
    // The largest case stores no buffers.
    const buffers = [...file.keys()].some((key) => key.startsWith("after/"));
    const specs = model.builder.build().params.filter(({ role }) => buffers || role !== "state");

    const under = (prefix: string) =>
      [...file].flatMap(([key, tensor]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), tensor] as const] : [],
      );
    const state = new Map([...under("param/"), ...under("after/")]);
    // Computed instead of stored; their values do not matter here.
    for (const [param, { shape }] of Object.entries<{ shape: number[] }>(formula_params ?? {})) {
      const size = shape.reduce((product, length) => product * length, 1);
      state.set(param, { dtype: "F32", shape, data: new Float32Array(size) });
    }
    const tensors = modelTensors(specs, paramValues(specs, state));
    expect(tensors).toEqual(state);

    const stored = (key: string) => file.has(`param/${key}`);
    expect([...tensors.keys()].filter(stored)).toEqual(under("param/").map(([key]) => key));
  });
});
