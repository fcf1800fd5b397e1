import { expect, test } from "vitest";
import { checkSweep } from "../../../src/nas/sweep-check.ts";
import { sweepConf } from "./sweep-conf.ts";

const TRAINED: [string, unknown] = ["nas.search.post_train.trainer.epochs", 1];
const ENABLED: [string, unknown] = ["nas.search.pareto.enabled", "True"];

const check = async (...values: [string, unknown][]) => checkSweep(await sweepConf(TRAINED, ENABLED, ...values));

test("a sweep over the toy shapes is fine, also with several costs, and so is no sweep without a post-training", async () => {
  await check();
  await check(["nas.search.pareto.costs", "macs, latency"]);
  checkSweep(await sweepConf(["nas.search.post_train.trainer.epochs", 0]));
});

test("what could not end well is refused by name", async () => {
  const messages: string[] = [];
  for (const [path, value] of [
    ["nas.search.post_train.trainer.epochs", 0],
    ["nas.search.post_train.loader.val_ratio", "0.0"],
    ["nas.search.post_train.trainer.validation.freq", 0],
    ["nas.search.pareto.max_cells", 2],
    ["nas.search.pareto.max_reductions", 0],
    ["nas.search.pareto.max_nodes", 1],
    ["nas.search.model_desc.n_reductions", 0],
    ["nas.search.metrics_dir", "$expdir/models/{cells}"],
    ["nas.search.pareto.costs", "mcas"],
    ["nas.search.pareto.costs", "macs,"],
  ] as const) {
    await check([path, value]).catch(({ message }: Error) => messages.push(message));
  }
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "a sweep compares what it finds by a short training; set nas.search.post_train.trainer.epochs above 0
    a sweep compares what it finds by a short training, on images kept back from it; set nas.search.post_train.loader.val_ratio above 0
    a sweep compares what it finds by a short training that is validated; set nas.search.post_train.trainer.validation.freq above 0
    nas.search.pareto.max_cells is 2, below where it starts, nas.search.model_desc.n_cells 3; raise it
    nas.search.pareto.max_reductions is 0, below where it starts, nas.search.model_desc.n_reductions 1; raise it
    nas.search.pareto.max_nodes is 1, below where it starts, nas.search.model_desc.cell.n_nodes 2; raise it
    a network without reductions has no reduction cell for the evaluation to scale up; set nas.search.model_desc.n_reductions to 1, or nas.eval.model_desc.n_reductions to 0
    nas.search.metrics_dir gives several searches the same folder; put {reductions} into it
    nas.search.pareto.costs names "mcas"; did you mean "macs"?
    nas.search.pareto.costs names ""; valid here: latency, macs, memory, params"
  `);
});

test("too few cells for any shape are refused", async () => {
  const few: [string, unknown][] = [
    ["nas.search.model_desc.n_reductions", 2],
    ["nas.search.pareto.max_cells", 4],
  ];
  await expect(check(...few)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: 2 reductions need 5 cells; raise nas.search.pareto.max_cells to that]`,
  );
});

test("repetitions without a folder each are refused", async () => {
  const same: [string, unknown][] = [
    ["nas.search.search_iters", 2],
    ["nas.search.metrics_dir", "$expdir/models/{reductions}.{cells}"],
  ];
  await expect(check(...same)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: nas.search.metrics_dir gives several searches the same folder; put {search_iter} into it]`,
  );
});
