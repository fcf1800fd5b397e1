import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isExperimentConf, loadConfig, parseExperimentConf, validateConf } from "../../../src/config/index.ts";

const root = join(import.meta.dirname, "../../..");

/** Loads one of our confs with a file `over.yaml` on top. */
async function experiment(over: string, options: { args?: string[]; spec?: string } = {}) {
  const read = (path: string) => (path === "over.yaml" ? over : readFileSync(join(root, path), "utf8"));
  const spec = `${options.spec ?? "confs/algos/darts.yaml"};over.yaml`;
  return loadConfig(spec, { files: { read }, args: options.args });
}

async function problems(over: string, args?: string[]): Promise<string> {
  const { tree, places } = await experiment(over, { args });
  try {
    validateConf(tree, places);
  } catch (error) {
    return String(error);
  }
  throw new Error("expected an error");
}

describe("parseExperimentConf", () => {
  it.each([
    "confs/algos/darts.yaml",
    "confs/algos/darts_toy.yaml",
    "confs/algos/xnas.yaml",
    "confs/algos/xnas_toy.yaml;confs/datasets/shapes_toy.yaml",
    "confs/algos/darts_toy.yaml;confs/datasets/cifar10.yaml",
    "confs/algos/darts.yaml;confs/datasets/shapes.yaml",
    "confs/algos/darts_toy.yaml;confs/datasets/shapes_toy.yaml",
  ])("accepts %s", async (spec) => {
    const { tree, places } = await experiment("", { spec });
    const conf = parseExperimentConf(tree, places);
    expect(isExperimentConf(tree)).toBe(true);
    expect(conf.nas.search.trainer).toMatchObject({ second_order: true, reference_quirks: false });
    expect(conf.nas.search.trainer.optimizer).toMatchObject({ type: "sgd", lr: 0.025, decay_bn: Number.NaN });
  });

  it("leaves what is written as it is", async () => {
    const { tree } = await experiment("");
    expect(parseExperimentConf(tree)).toMatchObject(tree);
  });

  it("fills in what may be left out", async () => {
    const { tree } = await experiment("");
    const search = tree.nas as { search: { trainer: Record<string, unknown>; pareto?: unknown } };
    delete search.search.trainer.second_order;
    delete search.search.trainer.validation;
    delete search.search.pareto;
    const conf = parseExperimentConf(tree);
    expect(conf.nas.search.trainer.second_order).toBe(true);
    expect(conf.nas.search.trainer.validation.freq).toBe(1);
    expect(conf.nas.search.pareto.enabled).toBe(false);
  });

  // What the confs of Archai's algorithms and data sets set beyond DARTS's.
  it.each([
    [
      "Petridish",
      "nas: {eval: {petridish: {cell_count_scale: 1.0}, final_desc_foldername: x, model_desc: {num_edges_to_sample: 2, cell: {cell_post_op: proj_channels}}}}",
    ],
    [
      "Petridish search",
      "nas: {search: {petridish: {convex_hull_eps: 0.025, max_madd: 200000000, max_hull_points: 100, checkpoints_foldername: x, sampling_max_try: 1}}}",
    ],
    ["XNAS", "nas: {search: {xnas: {to_evict: True}, trainer: {optimizer: {warmup: null}}}}"],
    ["Gumbel softmax", "nas: {search: {model_desc: {cell: {gs: {num_sample: 1}}}}}"],
    ["DivNAS", "nas: {search: {finalizer: mi_ranked, divnas: {sigma: 168, archtrainer: bilevel}}}"],
    [
      "NASBench-101",
      "nas: {eval: {model_desc: {params: {cell_matrix: [[0, 1], [0, 0]], vertex_ops: [input, output], num_stacks: 3}}}}",
    ],
    [
      "224x224 images",
      "common: {toy_mode: {max_batches: 5, train_batch: 32, test_batch: 32}}\nnas: {eval: {loader: {batch: 256}, trainer: {apex: {loss_scale: '128.0'}, lossfn: {type: CrossEntropyLabelSmooth, smoothing: 0.1}}}}",
    ],
    [
      "augmentation search",
      "autoaug: {model: {type: resnet50}, loader: {batch: 512}, optimizer: {type: cocob, alpha: 100}, lr_schedule: {type: null, min_lr: null}}",
    ],
  ])("accepts the keys of %s", async (_name, over) => {
    const { tree, places } = await experiment(over);
    expect(() => validateConf(tree, places)).not.toThrow();
  });

  it("reports every problem with its place and a remedy", async () => {
    const over = `
common:
  sed: 3
nas:
  search:
    trainer:
      epohcs: 3
      optimizer: {lr: 1e-3, momentum: '0.9', type: sdg, decay: 1.5e3}
      alpha_optimizer: {betas: [1, 2, x]}
      grad_clip: -1
  eval:
    loader: {train_batch: 0, cutout: yes, val_ratio: 2}
    model_desc: {cell: {n_nodes: 2.5}, model_stems: 3}
    trainer: {drop_path_prob: .NaN, title: null, batch_chunks: 0, validation: {batch_chunks: "4"}}
`;
    expect(await problems(over)).toMatchInlineSnapshot(`
      "SupernetError: over.yaml:3:3: unknown key common.sed; did you mean "seed"?
      over.yaml:13:34: nas.eval.model_desc.cell.n_nodes: expected an integer, got 2.5
      over.yaml:13:53: nas.eval.model_desc.model_stems: expected a section, got 3
      over.yaml:12:27: nas.eval.loader.train_batch: must be at least 1, got 0
      over.yaml:12:54: nas.eval.loader.val_ratio: must be at most 1, got 2
      over.yaml:12:38: nas.eval.loader.cutout: expected an integer, got true
      over.yaml:14:44: nas.eval.trainer.title: expected text, got null
      over.yaml:14:64: nas.eval.trainer.batch_chunks: must be at least 1, got 0
      over.yaml:14:31: nas.eval.trainer.drop_path_prob: expected a number, got NaN
      over.yaml:14:94: nas.eval.trainer.validation.batch_chunks: expected an integer or auto, got the text "4"; write it without quotes
      over.yaml:10:18: nas.search.trainer.grad_clip: must be at least 0, got -1
      over.yaml:8:52: nas.search.trainer.optimizer.type: expected one of sgd, adam, cocob, got the text "sdg"; did you mean "sgd"?
      over.yaml:8:23: nas.search.trainer.optimizer.lr: expected a number, got the text "1e-3"; YAML 1.1 reads it as text, write 1.0e-3
      over.yaml:8:64: nas.search.trainer.optimizer.decay: expected a number, got the text "1.5e3"; YAML 1.1 reads it as text, write 1.5e+3
      over.yaml:8:39: nas.search.trainer.optimizer.momentum: expected a number, got the text "0.9"; write it without quotes
      over.yaml:9:32: nas.search.trainer.alpha_optimizer.betas: expected exactly 2 items, got a list of 3
      over.yaml:7:7: unknown key nas.search.trainer.epohcs; did you mean "epochs"?
      over.yaml:14:64: nas.search.seed_train.trainer.batch_chunks: must be at least 1, got 0
      over.yaml:14:94: nas.search.seed_train.trainer.validation.batch_chunks: expected an integer or auto, got the text "4"; write it without quotes
      over.yaml:12:38: nas.search.seed_train.loader.cutout: expected an integer, got true
      over.yaml:14:64: nas.search.post_train.trainer.batch_chunks: must be at least 1, got 0
      over.yaml:14:94: nas.search.post_train.trainer.validation.batch_chunks: expected an integer or auto, got the text "4"; write it without quotes
      over.yaml:12:38: nas.search.post_train.loader.cutout: expected an integer, got true"
    `);
  });

  it("reports what is missing at the section that lacks it", async () => {
    const { tree, places } = await experiment("");
    const nas = tree.nas as Record<string, { trainer: Record<string, unknown>; model_desc: unknown }>;
    delete nas.search!.trainer.epochs;
    delete nas.eval!.model_desc;
    expect(() => validateConf(tree, places)).toThrowErrorMatchingInlineSnapshot(`
      [SupernetError: confs/algos/darts.yaml:51:3: nas.eval.model_desc is missing; it needs a section
      confs/algos/darts.yaml:192:5: nas.search.trainer.epochs is missing; it needs an integer]
    `);
  });

  it("misses nothing in a conf to be laid over another, but reads what is there", () => {
    const over = { nas: { eval: { model_desc: { n_cells: 2, n_reduction: 1 }, trainer: { epochs: "x" } } } };
    expect(() => validateConf(over, undefined, { partial: true })).toThrowErrorMatchingInlineSnapshot(`
      [SupernetError: unknown key nas.eval.model_desc.n_reduction; did you mean "n_reductions"?
      nas.eval.trainer.epochs: expected an integer, got the text "x"]
    `);
    const sound = { nas: { eval: { model_desc: { n_cells: 2 } } } };
    expect(() => validateConf(sound, undefined, { partial: true })).not.toThrow();
    expect(() => validateConf(sound)).toThrow("dataset is missing");
  });

  it("points at the source of a copied value, once for each copy", async () => {
    const message = await problems("nas: {eval: {trainer: {grad_clip: big}}}");
    expect(message.split("\n")).toHaveLength(3);
    for (const line of message.replace("SupernetError: ", "").split("\n"))
      expect(line).toMatch(/^over.yaml:1:35: nas\./);
  });

  it("blames the command line for its values", async () => {
    expect(await problems("", ["--nas.search.trainer.drop_path_prob", "7"])).toMatchInlineSnapshot(
      `"SupernetError: command line: nas.search.trainer.drop_path_prob: must be at most 1, got 7"`,
    );
  });

  it("does without places", () => {
    expect(() => validateConf({ dataset: { name: "x", n_clases: 3 } })).toThrow(
      /unknown key dataset.n_clases; did you/,
    );
  });

  it("takes a conf without a model description for something else", () => {
    expect(isExperimentConf({ nas: { search: { trainer: {} } } })).toBe(false);
    expect(isExperimentConf({ nas: { eval: { model_desc: {} } } })).toBe(true);
    expect(isExperimentConf({ nas: null })).toBe(false);
  });
});
