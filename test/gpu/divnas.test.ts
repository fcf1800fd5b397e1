import { beforeAll, describe, expect, test } from "vitest";
import { DivnasModelDescBuilder } from "../../src/algos/divnas/builder.ts";
import type { ModelDesc } from "../../src/desc/model-desc.ts";
import { elements, flat } from "../../src/graph/types.ts";
import type { SearchState } from "../../src/nas/environment.ts";
import { Rng } from "../../src/random/rng.ts";
import { mixtureWeights } from "../../src/report/weights.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { CandidateCovariances, type CovarianceSettings, type Covariances } from "../../src/train/covariances.ts";
import type { Feed } from "../../src/train/feed.ts";
import { type FixedBatch, FixedFeed } from "../../src/train/fixed-feed.ts";
import { candidateDistancesGraph, type NetworkShape } from "../../src/train/graphs.ts";
import { Network } from "../../src/train/network.ts";
import { searchSummary } from "../../src/worker/summary.ts";
import { MODEL_DESC } from "../model-desc-conf.ts";
import { uniformData } from "../properties.ts";
import { testEngine } from "./engine.ts";
import { toyExperiment } from "./experiment.ts";
import { held, randomBatches } from "./small.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

const SHAPE: NetworkShape = { batch: 4, height: 8, width: 8, affine: false, dropPath: "none" };

const supernet = (): ModelDesc => new DivnasModelDescBuilder().build(MODEL_DESC);
const batches = (count: number) => randomBatches(count, [SHAPE.batch, 3, SHAPE.height, SHAPE.width], 5);

/** Parameters that give every candidate results of its own, and running statistics that are not those of a start. */
function learned(network: Network): Map<string, Float32Array> {
  return new Map(
    network.params.map(({ name, role, shape }, index) => {
      const data = uniformData(new Rng(9, index), elements(flat(shape)));
      return [name, role === "state" ? data.map((value) => 0.5 + Math.abs(value)) : data];
    }),
  );
}

interface Expected {
  readonly sigma: number;
  readonly covariances: Covariances;
}

/** In double precision, by the definition of each op, over the first `valid` images of every batch. */
function expected(shape: NetworkShape, given: readonly FixedBatch[], valid: number): Expected {
  const network = new Network(engine, supernet(), shape);
  const params = Object.fromEntries(learned(network));
  network.dispose();
  const graph = candidateDistancesGraph(supernet(), shape);
  const runs = given.map(({ x }) => evaluateReference(graph, { inputs: { x }, params }));
  const distances = (name: string, pair: number) =>
    runs.flatMap((run) => [...run.get(name)!.subarray(pair * shape.batch, pair * shape.batch + valid)]);
  // The middle of all distances: kernels are spread between 0 and 1.
  const sorted = runs.flatMap((run) => [...run.values()].flatMap((values) => [...values])).sort((a, b) => a - b);
  const sigma = Math.sqrt(sorted[sorted.length >> 1]!);
  const covariances = graph.outputs.map(({ name, value }) => {
    const count = graph.nodes[value]!.inputs.length;
    const covariance = new Float64Array(count * count).fill(1);
    let pair = 0;
    for (let i = 0; i < count; i++) {
      for (let j = i + 1; j < count; j++) {
        const kernels = distances(name, pair++).map((distance) => Math.exp(-distance / (2 * sigma ** 2)));
        const mean = kernels.reduce((sum, kernel) => sum + kernel, 0) / kernels.length;
        covariance[i * count + j] = mean;
        covariance[j * count + i] = mean;
      }
    }
    return [name, covariance] as const;
  });
  return { sigma, covariances: new Map(covariances) };
}

/** A feed whose batches end with a sample that only pads them. */
class PaddedFeed extends FixedFeed {
  override select(batch: number) {
    return { ...super.select(batch), valid: 3 };
  }
}

async function covariancesOf(network: Network, feed: Feed, settings: CovarianceSettings): Promise<Covariances> {
  network.load(learned(network));
  const covariances = new CandidateCovariances({ network, feed, ...settings });
  await covariances.prepare();
  const first = await covariances.run();
  expect(await covariances.run(), "again").toEqual(first);
  for (const owned of [covariances, feed, network]) owned.dispose();
  return first;
}

// An exponent x that is off by the share e moves exp(-x) by at most e/2.7; of a whole model's results e is 1e-4 at most, as in
// test/oracle.
const TOLERANCE = 1e-4;

function check(actual: Covariances, { covariances: wanted }: Expected): void {
  expect([...actual.keys()]).toEqual([...wanted.keys()]);
  for (const [place, values] of wanted) {
    const off = values.findIndex((value, at) => !(Math.abs(value - actual.get(place)![at]!) <= TOLERANCE));
    expect(off, `${place}: ${actual.get(place)![off]} instead of ${values[off]}`).toBe(-1);
  }
  const all = [...wanted.values()].flatMap((values) => [...values.filter((value) => value < 1)]);
  expect(Math.max(...all) - Math.min(...all), "spread of the kernels").toBeGreaterThan(0.2);
}

describe("covariances of a supernet's candidates", () => {
  test.each([true, false])("are those of double precision, divAlphas %s", async (divAlphas) => {
    const shape = { ...SHAPE, divAlphas };
    const wanted = expected(shape, batches(2), 3);
    const before = held(engine);
    const network = new Network(engine, supernet(), shape);
    const actual = await covariancesOf(network, new PaddedFeed(engine, batches(2)), wanted);
    expect(held(engine)).toEqual(before);
    check(actual, wanted);
    expect([...actual].map(([place, { length }]) => [place, Math.sqrt(length)])).toEqual(
      [0, 1, 2].flatMap((cell) => [0, 1].map((node) => [`${cell}.${node}`, 7 * (node + 2)])),
    );
  });

  test("are the same with a GPU's workgroups, and in chunks", async () => {
    const wanted = expected(SHAPE, batches(1), 4);
    const gpu = new Engine({ device: engine.device, kind: "gpu" });
    const network = new Network(gpu, supernet(), { ...SHAPE, batch: 2 });
    check(await covariancesOf(network, new FixedFeed(gpu, batches(1), 2), wanted), wanted);
  });

  test("are of the last batch alone where the reference is to be repeated", async () => {
    const wanted = expected(SHAPE, batches(2).slice(1), 4);
    const network = new Network(engine, supernet(), SHAPE);
    const settings = { sigma: wanted.sigma, lastBatch: true };
    check(await covariancesOf(network, new FixedFeed(engine, batches(2)), settings), wanted);
  });
});

const TINY = {
  "nas.search.loader.train_batch": 8,
  "nas.search.loader.dataset.max_batches": 4,
  "nas.search.model_desc.n_cells": 2,
  "nas.search.model_desc.n_reductions": 0,
  "nas.search.model_desc.model_stems.init_node_ch": 4,
  "nas.search.trainer.epochs": 1,
  "nas.search.trainer.second_order": false,
};

/** A search, and the file that says what it has found. */
async function search(overrides: Readonly<Record<string, unknown>>) {
  const { runner, files } = await toyExperiment(engine, "divnas", { ...TINY, ...overrides });
  const result = await runner.search();
  return { result, found: files.get("/logs/divnas_shapes_tiny_search/final_model_desc.yaml") };
}

test("who watches a search is told what would be found, and changes nothing", async () => {
  const overrides = { ...TINY, "nas.search.finalizer": "mi", "nas.search.divnas.archtrainer": "noalpha" };
  const epochs = { "nas.search.trainer.epochs": 2 };
  const states: SearchState[] = [];
  const { runner } = await toyExperiment(engine, "divnas", { ...overrides, ...epochs }, "shapes", {
    onSearchEpoch: (state) => states.push(state),
  });
  const { found } = await runner.search();
  const { result } = await search({ ...overrides, ...epochs });
  expect(result.found).toEqual(found);
  expect(states.map(({ epoch, alphas }) => [epoch, alphas.size])).toEqual([
    [0, 0],
    [1, 0],
  ]);
  expect(states[1]!.best).toEqual(found);
});

describe("a toy search", () => {
  test.each([
    ["bilevel", "mi_ranked"],
    ["bilevel", "mi"],
    ["noalpha", "mi"],
    ["noalpha", "random"],
  ])(
    "with archtrainer %s and finalizer %s finds two edges a node, the same ones again",
    async (archtrainer, finalizer) => {
      const before = held(engine);
      const overrides = { "nas.search.divnas.archtrainer": archtrainer, "nas.search.finalizer": finalizer };
      const { result, found } = await search(overrides);
      expect((await search(overrides)).found).toBe(found);
      expect(held(engine)).toEqual(before);
      for (const { nodes } of result.found.cellDescs) {
        for (const { edges } of nodes) expect(edges).toHaveLength(2);
      }
      const { desc, alphas } = result.supernet!;
      expect(alphas.size > 0).toBe(archtrainer === "bilevel");
      expect(mixtureWeights(desc, alphas)).toHaveLength(archtrainer === "bilevel" ? 1 : 0);
      const { weights, text } = searchSummary(result);
      expect(weights.length > 0).toBe(archtrainer === "bilevel");
      expect(text).toMatch(archtrainer === "bilevel" ? /^normal cell, softmax/ : /^normal cell( \(cell 0\))?\n/);
    },
  );
});
