import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type CompareRequest, planComparison } from "../../../src/cli/compare-plan.ts";
import { levelled } from "../../../src/cli/level.ts";
import { nodeHost } from "../../../src/worker/node-host.ts";
import type { RunRequest } from "../../../src/worker/protocol.ts";
import { resolveRequest } from "../../../src/worker/request.ts";

const host = nodeHost("/logs");

async function resolve(request: RunRequest) {
  const { name, confText } = await resolveRequest(request, host);
  return { name, text: confText };
}

const plan = (more: Partial<CompareRequest> = {}) =>
  planComparison(
    { algos: ["darts", "random"], datasets: ["shapes"], seeds: 2, prefix: "toy", common: {}, ...more },
    resolve,
  );

describe("a plan", () => {
  test("has all algorithms with one seed, then with the next", async () => {
    const { runs } = await plan();
    expect(runs.map(({ name }) => name)).toEqual([
      "darts_shapes_toy_seed0",
      "random_shapes_toy_seed0",
      "darts_shapes_toy_seed1",
      "random_shapes_toy_seed1",
    ]);
    expect(runs.map(({ confText }) => parse(confText).common.seed)).toEqual([0, 0, 1, 1]);
  });

  test("runs each algorithm and data set once, however often it is named", async () => {
    const { runs, datasets } = await plan({ algos: ["random", "random"], datasets: ["shapes", "shapes"], seeds: 1 });
    expect(runs).toHaveLength(1);
    expect(datasets).toEqual(["shapes"]);
  });

  test("says what is equal and what is not", async () => {
    const { notes } = await plan({ common: { overrides: ["--nas.eval.trainer.epochs", "7"] } });
    expect(notes.join("\n")).toMatchInlineSnapshot(`
      "equal    evaluation on shapes: 7 epochs of batches of 32, 3 cells, 1 reductions, 8 channels; seeds 0 to 1
      unequal  darts on shapes searches for 2 epochs: 50 % of its images train the supernet's weights, the other 50 % drive its alphas or validate
      unequal  random on shapes searches in its own way: the table says for how long"
    `);
  });

  test("yields the conf that the run will have, to the letter", async () => {
    const { runs } = await plan({ seeds: 1 });
    for (const { request, confText } of runs) expect((await resolve(request)).text).toBe(confText);
  });

  test("is refused for an override that an algorithm does not have, and says which", async () => {
    const common = { overrides: ["--nas.search.random.seeds", "3"] };
    await expect(plan({ common })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: darts: --nas.search.random.seeds: the conf has no such key; did you mean --nas.search.resume?]`,
    );
  });

  test("is refused for an algorithm that does not exist", async () => {
    await expect(plan({ algos: ["darts", "radnom"] })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: radnom: there is no algorithm "radnom"; did you mean "random"?]`,
    );
  });
});

describe("levelling", () => {
  const model = `nas:
  eval:
    model_desc: { n_cells: 8, params: {}, model_stems: { ops: [a, b] } }
    trainer: { epochs: 3, lr: 0.10, decay_bn: .nan, warmup: { epochs: 2 } }
    loader: { train_batch: 32 }
`;

  test("leaves a conf alone that evaluates alike", () => {
    expect(levelled(model, model)).toEqual({ text: model, changes: [] });
  });

  test("takes training, batches and size from the other conf, and leaves what is the algorithm's own", () => {
    const own = `common: { seed: 1 } # kept
nas:
  search: { trainer: { epochs: 9 } }
  eval:
    model_desc: { n_cells: 20, params: { mine: 1 }, model_stems: { ops: [a, c] } }
    trainer: { epochs: 5, lr: 0.10, decay_bn: .nan, warmup: null }
    loader: { train_batch: 32, cutout: 16 }
`;
    const { text, changes } = levelled(own, model);
    expect(parse(text)).toEqual({
      common: { seed: 1 },
      nas: {
        search: { trainer: { epochs: 9 } },
        eval: { ...parse(model).nas.eval, model_desc: { ...parse(model).nas.eval.model_desc, params: { mine: 1 } } },
      },
    });
    expect(changes.map(({ path, was, is }) => `${path} ${was} -> ${is}`)).toMatchInlineSnapshot(`
      [
        "nas.eval.trainer.epochs 5 -> 3",
        "nas.eval.trainer.warmup null -> absent",
        "nas.eval.trainer.warmup.epochs absent -> 2",
        "nas.eval.loader.cutout 16 -> absent",
        "nas.eval.model_desc.n_cells 20 -> 8",
        "nas.eval.model_desc.model_stems.ops.1 c -> b",
      ]
    `);
    expect(levelled(text, model).changes).toEqual([]);
  });
});
