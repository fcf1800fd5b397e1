import { describe, expect, it } from "vitest";
import { opDescFromJson } from "../../src/desc/json.ts";
import { SupernetError } from "../../src/errors.ts";
import { differentiate } from "../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Graph, type OpAttrs, planes, type Value } from "../../src/graph/types.ts";
import { lowerDropPath } from "../../src/ops/drop-path.ts";
import { lowerInto } from "../../src/ops/registry.ts";
import { updateXnasAlphas } from "../../src/ops/xnas-update.ts";
import {
  type Backend,
  backends,
  Comparison,
  caseNames,
  largest,
  loadJson,
  loadTensors,
  type Noise,
  paramFeeds,
  reportNone,
  type Tensor,
  TOLERANCE,
  underPrefix,
} from "./support.ts";

interface OpCase {
  name: string;
  op_desc?: unknown;
  affine?: boolean;
  list_input?: boolean;
  archtrainer?: string;
  drop_prob?: number;
  to_evict?: boolean;
  eta?: number;
  total_t?: number;
  grad_clip?: number;
  update_t?: number[];
}

interface OpFile {
  cases: OpCase[];
  noise?: Noise;
  invalid?: { op_desc: unknown; affine?: boolean; shape: number[] }[];
}

const type4 = (shape: readonly number[]) => planes([...shape, 1, 1].slice(0, 4));

/** Names of the case's inputs: `x`, or `x0`, `x1`, … */
const inputNames = (tensors: ReadonlyMap<string, Tensor>) => [...tensors.keys()].filter((name) => /^x\d*$/.test(name));

function lowerCase(golden: OpCase, tensors: ReadonlyMap<string, Tensor>, training: boolean) {
  const g = new GraphBuilder();
  const inputs = inputNames(tensors).map((name) => g.input(name, type4(tensors.get(name)?.shape ?? [])));
  const ctx = lowerInto(g, {
    training,
    affine: golden.affine ?? true,
    dropPath: golden.drop_prob === undefined ? "none" : "input",
    divAlphas: golden.archtrainer !== "noalpha",
    gumbel: "input",
  });
  const y =
    golden.op_desc === undefined
      ? lowerDropPath(ctx, inputs[0] as Value)
      : ctx.lowerOp(opDescFromJson(golden.op_desc), inputs);
  return { g, inputs, y };
}

/** Everything but parameters that the graph reads. */
function inputFeeds(golden: OpCase, tensors: ReadonlyMap<string, Tensor>): Record<string, ArrayLike<number>> {
  const feeds = Object.fromEntries([...tensors].map(([name, { data }]) => [name, data as ArrayLike<number>]));
  const keep = 1 - (golden.drop_prob ?? 0);
  if (feeds.mask) feeds["mask/0"] = Float64Array.from(feeds.mask, (drawn) => drawn / keep);
  return feeds;
}

function only<K extends "stop_forward" | "weighted_sum">(graph: Graph, op: K): Graph["nodes"][number] | undefined {
  return graph.nodes.find((node) => node.op === op);
}

async function checkTraining(
  backend: Backend,
  golden: OpCase,
  tensors: ReadonlyMap<string, Tensor>,
  noise: (name: string) => number,
): Promise<void> {
  const { g, inputs, y } = lowerCase(golden, tensors, true);
  g.output("y", y);
  const dy = g.input("dy", g.type(y));
  const forward = g.build();
  const params = forward.nodes.flatMap((node, value) =>
    node.op === "param" ? [{ name: (node.attrs as OpAttrs["param"]).name, value: value as Value }] : [],
  );
  const wrt = [...inputs, ...params.map(({ value }) => value)];
  const names = [...inputNames(tensors).map((name) => `d${name}`), ...params.map(({ name }) => `grad/${name}`)];
  const { builder, gradients } = differentiate(forward, [{ value: y, gradient: dy }], wrt);
  gradients.forEach((gradient, i) => {
    if (gradient !== undefined) builder.output(names[i] ?? "", gradient);
  });
  const hidden = only(forward, "stop_forward");
  if (hidden) builder.output("pre_stop_forward", hidden.inputs[0] as Value);
  if (golden.update_t) addRewards(builder, forward);

  const results = await backend.run(builder.build(), {
    inputs: { ...inputFeeds(golden, tensors), grad_pt: tensors.get("step0/grad_pt")?.data ?? [] },
    params: paramFeeds(forward, underPrefix(tensors, "param/"), underPrefix(tensors, "before/")),
  });

  const comparison = new Comparison(TOLERANCE.ops);
  const scale = Math.max(
    ...[...tensors].filter(([name]) => /^(dx\d*$|grad\/)/.test(name)).map(([, { data }]) => largest(data)),
  );
  const zeros = (tensor: Tensor) => new Float64Array(tensor.data.length);
  for (const [name, tensor] of tensors) {
    const isGradient = /^(dx\d*$|grad\/)/.test(name);
    // Where no gradient flows, ours has none and the reference has zeros.
    const bounds = { scale: isGradient ? scale : 0, noise: noise(name) };
    if (isGradient) comparison.close(name, results.get(name) ?? zeros(tensor), tensor.data, bounds);
    else if (name === "y" || name === "pre_stop_forward")
      comparison.close(name, results.get(name), tensor.data, bounds);
    else if (name.endsWith(".running_mean") && name.startsWith("after/")) {
      const norm = name.slice("after/".length, -".running_mean".length);
      const stats = results.get(`${norm}.running_stats`);
      const variance = tensors.get(`after/${norm}.running_var`)?.data ?? [];
      comparison.close(name, stats && Array.from(stats).slice(0, tensor.data.length), tensor.data, bounds);
      comparison.close(`${name} (variance)`, stats && Array.from(stats).slice(tensor.data.length), variance);
    }
  }
  // A gradient that the reference does not have must not exist here either, or be zero.
  for (const [name, data] of results) {
    if (name.startsWith("grad/") && !tensors.has(name)) comparison.close(name, data, new Float64Array(data.length));
  }
  if (golden.update_t) checkXnas(golden, tensors, results, comparison);
  comparison.finish();
}

/** XNAS's rewards: minus the product of the gradient at the edge's output with each op's output. */
function addRewards(builder: GraphBuilder, forward: Graph): void {
  const sum = only(forward, "weighted_sum");
  const [weights, ...outputs] = sum?.inputs ?? [];
  if (!sum || weights === undefined) throw new Error("an xnas_op has a weighted sum");
  const gradient = builder.input("grad_pt", sum.type);
  const { indices } = sum.attrs as OpAttrs["weighted_sum"];
  const products = builder.add("weighted_sum_dw", [gradient, ...outputs], {
    indices,
    size: builder.type(weights).shape[0] ?? 0,
  });
  builder.output("rewards", builder.add("scale", [products], { factor: -1 }));
}

function checkXnas(
  golden: OpCase,
  tensors: ReadonlyMap<string, Tensor>,
  results: ReadonlyMap<string, ArrayLike<number>>,
  comparison: Comparison,
): void {
  comparison.close("rewards", results.get("rewards"), tensors.get("step0/rewards")?.data ?? []);
  let alphas: ArrayLike<number> = tensors.get("param/alphas_arch_param")?.data ?? [];
  for (const [i, t] of (golden.update_t ?? []).entries()) {
    alphas = updateXnasAlphas(alphas, tensors.get(`step${i}/rewards`)?.data ?? [], {
      eta: golden.eta ?? Number.NaN,
      gradClip: golden.grad_clip ?? Number.NaN,
      t,
      total: golden.total_t ?? Number.NaN,
      evict: golden.to_evict ?? false,
    });
    comparison.close(`step${i}/alphas`, alphas, tensors.get(`step${i}/alphas`)?.data ?? []);
  }
}

async function checkEvaluation(backend: Backend, golden: OpCase, tensors: ReadonlyMap<string, Tensor>): Promise<void> {
  const { g, y } = lowerCase(golden, tensors, false);
  g.output("y_eval", y);
  const graph = g.build();
  const results = await backend.run(graph, {
    inputs: inputFeeds(golden, tensors),
    params: paramFeeds(graph, underPrefix(tensors, "param/"), underPrefix(tensors, "after/")),
  });
  const comparison = new Comparison(TOLERANCE.ops);
  comparison.close("y_eval", results.get("y_eval"), tensors.get("y_eval")?.data ?? []);
  comparison.finish();
}

describe.each(backends)("ops on $name", (backend) => {
  reportNone("ops", caseNames("ops"));
  for (const file of caseNames("ops")) {
    const { cases, noise = {} } = loadJson<OpFile>(`ops/${file}`);
    const all = loadTensors(`ops/${file}`);
    for (const golden of cases) {
      it(`${file} ${golden.name}`, async () => {
        const tensors = underPrefix(all, `${golden.name}/`);
        await checkTraining(backend, golden, tensors, (name) => noise[`${golden.name}/${name}`]?.[0] ?? 0);
        await checkEvaluation(backend, golden, tensors);
      });
    }
  }
});

describe("settings the reference rejects", () => {
  const settings = caseNames("ops").map((file) => ({ file, invalid: loadJson<OpFile>(`ops/${file}`).invalid ?? [] }));
  reportNone(
    "such settings",
    settings.flatMap(({ invalid }) => invalid),
  );
  for (const { file, invalid } of settings) {
    for (const [i, { op_desc, affine = true, shape }] of invalid.entries()) {
      it(`${file} ${i}`, () => {
        const g = new GraphBuilder();
        const desc = opDescFromJson(op_desc);
        const lower = () =>
          lowerInto(g, { training: true, affine, dropPath: "none" }).lowerOp(desc, [g.input("x", type4(shape))]);
        expect(lower).toThrow(SupernetError);
        // What is wrong, and what to do about it.
        expect(lower).toThrow(new RegExp(`op ${desc.name}.*needs.*;`));
      });
    }
  }
});
