import { describe, expect, it } from "vitest";
import { modelDescFromJson } from "../../src/desc/json.ts";
import { differentiate } from "../../src/graph/autodiff.ts";
import { elements, flat, type Graph, type OpAttrs, type Value } from "../../src/graph/types.ts";
import type { DropPath } from "../../src/ops/context.ts";
import { lowerModel } from "../../src/ops/model.ts";
import type { Feeds } from "../../src/runtime/reference/index.ts";
import { sameDecisions } from "./decisions.ts";
import {
  type Backend,
  backends,
  Comparison,
  caseNames,
  formulaParam,
  largest,
  loadJson,
  loadTensors,
  type Noise,
  ourValue,
  paramFeeds,
  reportNone,
  type Tensor,
  TOLERANCE,
  underPrefix,
} from "./support.ts";

interface ModelCase {
  desc: unknown;
  aux_weight: number;
  droppath: boolean;
  affine: boolean;
  drop_path_prob?: number;
  loss: number;
  n_params: number;
  no_grad: string[];
  norms_of_omitted: Record<string, number>;
  formula_params?: Record<string, { shape: number[]; scale: number }>;
  noise: Noise;
}

type Results = ReadonlyMap<string, ArrayLike<number>>;

interface Loaded {
  readonly golden: ModelCase;
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly params: ReadonlyMap<string, Tensor>;
}

function load(name: string): Loaded {
  const golden = loadJson<ModelCase>(`models/${name}`);
  const tensors = loadTensors(`models/${name}`);
  const params = underPrefix(tensors, "param/");
  for (const [param, formula] of Object.entries(golden.formula_params ?? {})) params.set(param, formulaParam(formula));
  return { golden, tensors, params };
}

function lower({ golden, tensors }: Loaded, training: boolean) {
  const [batch = 0, , height = 0, width = 0] = tensors.get("x")?.shape ?? [];
  const withMasks: DropPath = golden.drop_path_prob === undefined ? "off" : "input";
  const dropPath: DropPath = golden.droppath ? withMasks : "none";
  const options = { training, affine: golden.affine, dropPath, batch, height, width };
  return lowerModel(modelDescFromJson(golden.desc), options);
}

function imagesAndMasks({ golden, tensors }: Loaded): Record<string, ArrayLike<number>> {
  const keep = 1 - (golden.drop_path_prob ?? 0);
  const masks = [...underPrefix(tensors, "mask/")].map(([i, { data }]) => [
    `mask/${i}`,
    Float64Array.from(data, (drawn) => drawn / keep),
  ]);
  return { ...Object.fromEntries(masks), x: tensors.get("x")?.data ?? [] };
}

const norm = (values: ArrayLike<number>) =>
  Math.sqrt(Array.from(values).reduce((sum, value) => sum + value * value, 0));

async function checkTraining(backend: Backend, model: Loaded): Promise<void> {
  const { golden, tensors, params } = model;
  const { builder: g, logits, logitsAux } = lower(model, true);
  const labels = g.input("y", flat([g.type(logits).shape[0] ?? 0], "u32"));
  const crossEntropy = (scores: Value) =>
    g.add("mean", [g.add("cross_entropy", [scores, labels], { smoothing: 0 })], {});
  const own = crossEntropy(logits);
  const loss =
    logitsAux === undefined
      ? own
      : g.add("add", [own, g.add("scale", [crossEntropy(logitsAux)], { factor: golden.aux_weight })], {});
  g.output("logits", logits);
  if (logitsAux !== undefined) g.output("logits_aux", logitsAux);
  g.output("loss", loss);
  const one = g.add("fill", [], { type: flat([1]), value: 1 });
  const forward = g.build();
  const trainable = forward.params.filter(({ role }) => role !== "state").map(({ name }) => name);
  const paramValue = new Map(
    forward.nodes.flatMap((node, value) =>
      node.op === "param" ? [[(node.attrs as OpAttrs["param"]).name, value as Value] as const] : [],
    ),
  );
  const wrt = trainable.map((name) => paramValue.get(name) as Value);
  const { builder, gradients } = differentiate(forward, [{ value: loss, gradient: one }], wrt);
  for (const [i, gradient] of gradients.entries()) {
    if (gradient !== undefined) builder.output(`grad/${trainable[i]}`, gradient);
  }

  const graph = builder.build();
  const feeds = {
    inputs: { ...imagesAndMasks(model), y: tensors.get("y")?.data ?? [] },
    params: paramFeeds(forward, params, new Map()),
  };
  const results = await backend.run(graph, feeds);
  compareForward(model, results);
  const gradientNames = trainable.map((name) => `grad/${name}`);
  if (compareGradients(model, results).failures.length > 0 && backend.name !== "reference") {
    await compareWithSameDecisions(backend, graph, feeds, gradientNames);
  } else {
    compareGradients(model, results).finish();
  }
  await checkEvaluation(backend, model, results);
}

function compareForward({ golden, tensors }: Loaded, results: Results): void {
  const comparison = new Comparison(TOLERANCE.models);
  comparison.close("loss", results.get("loss"), [golden.loss]);
  for (const [name, { data }] of tensors) {
    if (name === "logits" || name === "logits_aux") comparison.close(name, results.get(name), data);
    if (!name.startsWith("after/")) continue;
    comparison.close(name, ourValue(results, name.slice("after/".length)), data, {
      noise: golden.noise["max after/"]?.[0],
    });
  }
  for (const [name, expected] of Object.entries(golden.norms_of_omitted)) {
    if (!name.startsWith("after/")) continue;
    const actual = ourValue(results, name.slice("after/".length));
    comparison.close(`norm of ${name}`, [norm(actual ?? [])], [expected]);
  }
  comparison.finish();
}

function compareGradients({ golden, tensors }: Loaded, results: Results): Comparison {
  const comparison = new Comparison(TOLERANCE.models);
  const gradients = [...tensors].filter(([name]) => name.startsWith("grad/"));
  const bounds = {
    scale: Math.max(...gradients.map(([, { data }]) => largest(data))),
    noise: golden.noise["max grad/"]?.[0],
  };
  for (const [name, { data }] of gradients) {
    comparison.close(name, results.get(name) ?? new Float64Array(data.length), data, bounds);
  }
  for (const [name, expected] of Object.entries(golden.norms_of_omitted)) {
    if (!name.startsWith("grad/")) continue;
    comparison.close(`norm of ${name}`, [norm(results.get(name) ?? [])], [expected], bounds);
  }
  for (const name of golden.no_grad) {
    const data = results.get(`grad/${name}`) ?? [];
    comparison.close(`no gradient for ${name}`, data, new Float64Array(data.length));
  }
  return comparison;
}

/** For samples on which rounding decides: see decisions.ts. The reference backend is held to the golden gradients. */
async function compareWithSameDecisions(
  backend: Backend,
  graph: Graph,
  feeds: Feeds,
  names: readonly string[],
): Promise<void> {
  const { actual, exact } = await sameDecisions(backend, graph, feeds);
  const comparison = new Comparison(TOLERANCE.models);
  const scale = Math.max(...names.map((name) => largest(exact.get(name) ?? [])));
  for (const name of names) {
    const expected = exact.get(name);
    if (expected) comparison.close(`${name} (same decisions)`, actual.get(name), expected, { scale });
  }
  comparison.finish();
}

/** Evaluation mode, with the running statistics that the training pass has left. */
async function checkEvaluation(backend: Backend, model: Loaded, trained: Results): Promise<void> {
  const { builder, logits } = lower(model, false);
  builder.output("logits_eval", logits);
  const graph = builder.build();
  const fresh = paramFeeds(graph, model.params, new Map());
  const params = Object.fromEntries(Object.entries(fresh).map(([name, data]) => [name, trained.get(name) ?? data]));
  const results = await backend.run(graph, { inputs: imagesAndMasks(model), params });
  const comparison = new Comparison(TOLERANCE.models);
  comparison.close("logits_eval", results.get("logits_eval"), model.tensors.get("logits_eval")?.data ?? []);
  comparison.finish();
}

describe.each(backends)("models on $name", (backend) => {
  reportNone("models", caseNames("models"));
  it.each(caseNames("models"))("%s", async (name) => checkTraining(backend, load(name)));
});

describe("parameters", () => {
  reportNone("models", caseNames("models"));
  it.each(caseNames("models"))("%s has the names and sizes of the reference, in its order", (name) => {
    const model = load(name);
    const trainable = lower(model, true)
      .builder.build()
      .params.filter(({ role }) => role !== "state");
    const stored = [...underPrefix(model.tensors, "param/")];
    const formula = new Set(Object.keys(model.golden.formula_params ?? {}));
    expect(trainable.filter((spec) => !formula.has(spec.name)).map((spec) => [spec.name, spec.shape])).toEqual(
      stored.map(([stored, { shape }]) => [stored, shape]),
    );
    const counted = trainable.reduce((sum, { shape }) => sum + elements(flat(shape)), 0);
    expect(counted).toBe(model.golden.n_params);
  });
});
