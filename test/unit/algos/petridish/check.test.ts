import { expect, test } from "vitest";
import { petridish } from "../../../../src/algos/petridish/index.ts";
import { seedNetworks } from "../../../../src/algos/petridish/seeds.ts";
import { type ExperimentConf, loadConfig, parseExperimentConf } from "../../../../src/config/index.ts";
import { readText } from "../../../../src/host/node/files.ts";
import { checkAlgorithm } from "../../../../src/nas/compatibility.ts";
import { checkBuilt } from "../../../../src/nas/not-built.ts";

async function conf(toy: boolean, ...overrides: [string, unknown][]): Promise<ExperimentConf> {
  const end = toy ? "_toy" : "";
  const loaded = await loadConfig(`confs/algos/petridish${end}.yaml;confs/datasets/shapes${end}.yaml`, {
    files: { read: readText },
    args: overrides.flatMap(([path, value]) => [`--${path}`, String(value)]),
  });
  return parseExperimentConf(loaded.tree, loaded.places);
}

test("the confs that come with the package run, in toy and in full", async () => {
  for (const toy of [true, false]) {
    const given = await conf(toy);
    checkAlgorithm(petridish, given);
    expect(checkBuilt(given, "search")).toEqual([]);
  }
});

test("a search begins with every size that can be built, each with cells of its own, the same for a seed", async () => {
  const { search } = (await conf(false)).nas;
  const seeds = seedNetworks(search, 2);
  const sizes = seeds.map(({ cellDescs }) => {
    const reductions = cellDescs.filter(({ cellType }) => cellType === "reduction").length;
    return [reductions, cellDescs.length, cellDescs[0]!.nodes.length].join("/");
  });
  // 1 reduction in 3 to 8 cells, 2 in 5 to 8, 3 in 7 and 8; 1 to 3 nodes each.
  expect(sizes).toHaveLength((6 + 4 + 2) * 3);
  expect(new Set(sizes).size).toBe(sizes.length);
  const ops = (networks: typeof seeds) =>
    networks.map(({ cellDescs }) => cellDescs[0]!.nodes[0]!.edges.map(({ opDesc }) => opDesc.name).join());
  expect(new Set(ops(seeds)).size).toBeGreaterThan(10);
  expect(seedNetworks(search, 2)).toEqual(seeds);
  expect(ops(seedNetworks(search, 3))).not.toEqual(ops(seeds));
});

test("what could not end well is refused by name", async () => {
  const messages: string[] = [];
  for (const override of [
    ["nas.search.finalizer", "random"],
    ["nas.search.model_desc.cell.cell_post_op", "concate_channels"],
    ["nas.eval.model_desc.cell.cell_post_op", "concate_channels"],
    ["nas.search.pareto.max_cells", 2],
    ["nas.search.seed_train.trainer.epochs", 0],
    ["nas.search.post_train.loader.val_ratio", "0.0"],
    ["nas.search.post_train.trainer.validation.freq", 0],
    ["nas.search.post_train.trainer.drop_path_prob", 0.2],
  ] as [string, unknown][]) {
    const given = await conf(true, override);
    try {
      checkAlgorithm(petridish, given);
      messages.push(`${override[0]} is not refused`);
    } catch (error) {
      messages.push((error as Error).message);
    }
  }
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "petridish has no finalizer "random"; set nas.search.finalizer to default
    nas.search.model_desc.cell.cell_post_op is "concate_channels", but petridish adds nodes to cells whose channels stay; set it to proj_channels
    nas.eval.model_desc.cell.cell_post_op is "concate_channels", but petridish adds nodes to cells whose channels stay; set it to proj_channels
    nas.search.pareto.max_cells is 2, below where it starts, nas.search.model_desc.n_cells 3; raise it
    petridish compares networks by a short training; set nas.search.seed_train.trainer.epochs above 0
    petridish compares networks by a short training, on images kept back from it; set nas.search.post_train.loader.val_ratio above 0
    petridish compares networks by a short training that is validated; set nas.search.post_train.trainer.validation.freq above 0
    nas.search.post_train.trainer.drop_path_prob is 0.2, but petridish hands the weights on to networks without drop path; set it to 0"
  `);
});
