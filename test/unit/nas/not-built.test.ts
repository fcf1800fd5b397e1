import { expect, test } from "vitest";
import { type ExperimentConf, loadConfig, parseExperimentConf } from "../../../src/config/index.ts";
import { readText } from "../../../src/host/node/files.ts";
import { checkBuilt } from "../../../src/nas/not-built.ts";

async function conf(...args: string[]): Promise<ExperimentConf> {
  const loaded = await loadConfig("confs/algos/darts.yaml;confs/datasets/shapes.yaml", {
    files: { read: readText },
    args,
  });
  return parseExperimentConf(loaded.tree, loaded.places);
}

test("the paper's settings are built", async () => {
  const full = await conf();
  for (const phase of ["search", "eval"] as const) expect(checkBuilt(full, phase)).toEqual([]);
});

test.each([
  ["search", "nas.search.loader.aug", "fa_reduced_cifar10"],
  ["eval", "nas.eval.loader.aug", "fa_reduced_cifar10"],
] as const)("in the %s, %s %s is refused by name", async (phase, key, value) => {
  const asked = await conf(`--${key}`, value);
  expect(() => checkBuilt(asked, phase)).toThrow(
    `${key} asks for the augmentation policy "${value}", which is not built yet; set it to ""`,
  );
  expect(() => checkBuilt(asked, phase === "search" ? "eval" : "search")).not.toThrow();
});

test("what is for cells has no effect on a hand-written network", async () => {
  const asked = await conf("--nas.eval.model_factory_spec", "resnet18");
  expect(checkBuilt(asked, "eval").slice(0, 2).join("\n")).toMatchInlineSnapshot(`
    "nas.eval.trainer.drop_path_prob has no effect: a hand-written network has no edges to drop
    nas.eval.trainer.aux_weight has no effect: a hand-written network has no aux tower"
  `);
  expect(checkBuilt(asked, "search").join()).not.toContain("hand-written");
});

test("what is only missing is told", async () => {
  const asked = await conf("--common.tb_enable", "True", "--nas.search.loader.val_fold", "3");
  expect(checkBuilt(asked, "search").join("\n")).toMatchInlineSnapshot(`
    "common.tb_enable has no effect yet: no TensorBoard events are written
    loader.val_fold has no effect: the split is drawn from the seed"
  `);
});
