import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig, toJson } from "../../../src/config/index.ts";

const root = join(import.meta.dirname, "../../..");
const files = { read: (path: string) => readFileSync(join(root, path), "utf8") };
const toy = "confs/algos/darts_toy.yaml;confs/datasets/cifar10.yaml";

function leaves(value: unknown, path = ""): [string, unknown][] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [[path, value]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[path, {}]];
  return entries.flatMap(([key, child]) => leaves(child, path === "" ? key : `${path}.${key}`));
}

it("the DARTS toy conf has the keys and values of the reference's toy run", async () => {
  const golden = join(root, "test/oracle/data/log");
  const { overrides } = JSON.parse(readFileSync(join(golden, "listing.json"), "utf8")) as { overrides: string[] };
  const theirs = new Map(leaves(JSON.parse(readFileSync(join(golden, "search.config_used.json"), "utf8"))));
  const { tree } = await loadConfig(toy, { files, args: overrides });
  const ours = new Map(leaves(JSON.parse(toJson(tree))));

  const different = [...theirs].filter(([path, value]) => JSON.stringify(ours.get(path)) !== JSON.stringify(value));
  expect(Object.fromEntries(different)).toEqual({
    // Set by the experiment when it starts.
    "common.experiment_name": "darts_cifar10_toy_search",
    "common.expdir": "$expdir/darts_cifar10_toy_search",
    "common.distdir": "$expdir/darts_cifar10_toy_search/dist",
    "dataset.dataroot": "$expdir/dataroot",
  });
  const added = [...ours.keys()].filter((path) => !theirs.has(path));
  expect(added).toEqual([
    "common.checkpoint.minutes",
    "common.checkpoint.steps",
    "common.gpu_memory",
    "nas.eval.trainer.on_nonfinite",
    "nas.search.checkpoint.minutes",
    "nas.search.checkpoint.steps",
    "nas.search.pareto.costs",
    "nas.search.trainer.on_nonfinite",
    "nas.search.trainer.second_order",
    "nas.search.trainer.reference_quirks",
    "nas.search.seed_train.trainer.on_nonfinite",
    "nas.search.post_train.trainer.on_nonfinite",
  ]);
});
