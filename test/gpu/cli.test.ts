import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { importImages } from "../../src/data/own/import.ts";
import { modelDescFromJson } from "../../src/desc/json.ts";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import { paramValues } from "../../src/export/model.ts";
import { readSafetensors } from "../../src/export/safetensors.ts";
import { writeFileAtomic } from "../../src/host/node/files.ts";
import { parseTuning } from "../../src/host/tuning.ts";
import { lowerModel } from "../../src/ops/model.ts";

/**
 * `supernet run` as users start it: a process of its own, the real adapter, files on disk. What the runs compute is tested
 * elsewhere; here they are as small as they can be, and shared.
 */
const SUPERNET = join(import.meta.dirname, "../../bin/supernet.mjs");

const SMALL = [
  ["dataset.train_size", 64],
  ["dataset.test_size", 16],
  ["nas.search.loader.train_batch", 8],
  ["nas.search.loader.dataset.max_batches", 4],
  ["nas.search.trainer.epochs", 1],
  ["nas.eval.loader.train_batch", 8],
  ["nas.eval.loader.dataset.max_batches", 3],
  ["nas.eval.trainer.epochs", 1],
].flatMap(([key, value]) => [`--${key}`, String(value)]);

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** Without what Dawn and the driver say about the adapter. */
  readonly stderr: string;
}

interface Options {
  /** Interrupt the process as soon as it has printed this. */
  readonly interruptAt?: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the command to its end. `endedAfter` is the time from the interrupt on, in milliseconds. */
function supernet(args: readonly string[], { interruptAt }: Options = {}): Promise<Ended & { endedAfter: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SUPERNET, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let interrupted = Number.NaN;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (interruptAt === undefined || !Number.isNaN(interrupted) || !stdout.includes(interruptAt)) return;
      interrupted = performance.now();
      child.kill("SIGINT");
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      // As shells report it: what is cut off in the midst of preparation dies of the signal.
      const code = exitCode ?? 128 + constants.signals[signal!];
      const own = stderr.replaceAll(/^(warning|mesa)\b.*\n/gim, "").replaceAll(folder, "FOLDER");
      resolve({ code, stdout, stderr: own, endedAfter: performance.now() - interrupted });
    });
  });
}

const run = (logdir: string, ...args: string[]) =>
  supernet([
    "run",
    "--algos",
    "darts",
    "--datasets",
    "shapes",
    "--common.logdir",
    join(folder, logdir),
    ...SMALL,
    ...args,
  ]);

/** A run that must succeed; what went wrong is more telling than its exit code. */
async function mustRun(logdir: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(logdir, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

/** Names below `path`, the folder itself excluded. */
const filesIn = async (...path: string[]) => (await readdir(join(folder, ...path), { recursive: true })).sort();

const text = (...path: string[]) => readFile(join(folder, ...path), "utf8");
const bytes = async (...path: string[]) => new Uint8Array(await readFile(join(folder, ...path)));

const FOUND = ["darts_shapes_toy_search", "final_model_desc.yaml"];
const WEIGHTS = ["darts_shapes_toy_eval", "model.safetensors"];

/** The run all others are compared with. */
let printed: string;
beforeAll(async () => {
  printed = await mustRun("first");
});

describe("a search and an evaluation", () => {
  it("leave everything in two folders, and nothing else", async () => {
    expect(await filesIn("first")).toEqual(
      [
        "darts_shapes_toy_eval",
        ...["config_used.yaml", "eval_train_metrics.yaml", "final_model_desc.yaml", "full_model_desc.yaml"].map(
          (name) => `darts_shapes_toy_eval/${name}`,
        ),
        ...["log.log", "log.yaml", "model.safetensors", "resume.json", "run.json"].map(
          (name) => `darts_shapes_toy_eval/${name}`,
        ),
        "darts_shapes_toy_search",
        ...["config_used.yaml", "final_model_desc.yaml", "full_model_desc.yaml", "log.log", "log.yaml"].map(
          (name) => `darts_shapes_toy_search/${name}`,
        ),
        "darts_shapes_toy_search/resume.json",
        "darts_shapes_toy_search/search_train_metrics.yaml",
      ].sort(),
    );
    expect(await text("first", "darts_shapes_toy_eval/final_model_desc.yaml")).toBe(await text("first", ...FOUND));
  });

  it("print the adapter, each folder, a line for each pass, the found cells and how good they are", () => {
    const lines = printed.replaceAll(folder, "FOLDER").split("\n");
    expect(lines[0]).toMatch(/^adapter {2}\S/);
    expect(lines.filter((line) => /^(search|eval) {2}/.test(line))).toEqual([
      "search   FOLDER/first/darts_shapes_toy_search",
      "eval     FOLDER/first/darts_shapes_toy_eval",
    ]);
    // Figures, and with them the cells, depend on the adapter.
    const passes = lines
      .filter((line) => / epoch \d\/\d /.test(line))
      .map((line) => line.replace(/ +\d+ images\/s$/, ""));
    expect(passes.map((line) => line.replaceAll(/\d+\.\d+/g, "N"))).toMatchInlineSnapshot(`
      [
        "arch_train epoch 1/1 trained    loss N  top1 N%",
        "arch_train epoch 1/1 validated  loss N  top1 N%",
        "eval_train epoch 1/1 trained    loss N  top1 N%",
        "eval_train epoch 1/1 validated  loss N  top1 N%",
      ]
    `);
    const node = /^ {2}node (\d) = (\w+)\((c\[k-[12]\]|node \d)\) \+ (\w+)\((c\[k-[12]\]|node \d)\)$/;
    const cells = lines.filter((line) => line.endsWith(" cell") || line.startsWith("  node "));
    const nodes = [expect.stringMatching(node), expect.stringMatching(node)];
    expect(cells).toEqual(["normal cell", ...nodes, "reduction cell", ...nodes]);
    expect(printed).toMatch(/^validation top1 \d+\.\d+ %/m);
    expect(printed).toMatch(/^test top1 \d+\.\d+ %/m);
  });

  it("log the same figures to log.yaml and the metrics", async () => {
    const log = parse(await text("first", "darts_shapes_toy_eval/log.yaml"));
    const metrics = parse(await text("first", "darts_shapes_toy_eval/eval_train_metrics.yaml"));
    const logged = log.eval_arch.eval_train.epochs["0"];
    const [epoch] = metrics.run_metrics.epochs_metrics;
    for (const key of ["top1", "top5", "loss"]) {
      expect(logged.train[key]).toBe(epoch[key].avg);
      expect(logged.val[key]).toBe(epoch.val_metrics[key].avg);
    }
    expect(epoch.loss).toMatchObject({ cnt: 24, avg: expect.closeTo(Math.log(10), 0) });
    expect(metrics).toMatchObject({ title: "eval_train", _tb_path: "eval_arch/eval_train", global_step: 2 });
    expect(await text("first", "darts_shapes_toy_search/log.log")).toMatch(
      / INFO arch_search\/arch_train\/epochs\/0\/val /,
    );
  });

  it("keep the conf they ran with", async () => {
    const conf = parse(await text("first", "darts_shapes_toy_eval/config_used.yaml"));
    expect(conf).toMatchObject({
      dataset: { name: "shapes", train_size: 64 },
      nas: { eval: { trainer: { epochs: 1 } } },
    });
  });

  it("save the weights of the network that full_model_desc.yaml describes", async () => {
    const desc = parseModelDesc(
      await text("first", "darts_shapes_toy_eval/full_model_desc.yaml"),
      "full_model_desc.yaml",
    );
    const options = { training: true, affine: true, dropPath: "none", batch: 2, height: 32, width: 32 } as const;
    const { params } = lowerModel(desc, options).builder.build();
    const tensors = readSafetensors(await bytes("first", ...WEIGHTS));
    // Throws for a tensor that is missing, of another shape, or one too many.
    const values = paramValues(params, tensors);
    expect([...values.values()].every((data) => data.every(Number.isFinite))).toBe(true);
    expect(tensors.get("logits_op._op.weight")?.shape).toEqual([10, expect.any(Number)]);
    // One epoch of three batches must have moved running means away from where they started.
    expect(tensors.get("model_stems.0._op.1.running_mean")?.data.some((value) => value !== 0)).toBe(true);
  });

  it("repeat byte for byte with the same seed", async () => {
    await mustRun("again");
    expect(await text("again", ...FOUND)).toBe(await text("first", ...FOUND));
    expect(await bytes("again", ...WEIGHTS)).toEqual(await bytes("first", ...WEIGHTS));
  });
});

describe("phases alone", () => {
  it("--no-search evaluates what an earlier run found, as that run did; another seed trains other weights", async () => {
    await cp(join(folder, "first"), join(folder, "later"), { recursive: true });
    const searched = (await stat(join(folder, "later", ...FOUND))).mtimeMs;
    await rm(join(folder, "later", ...WEIGHTS));
    expect(await mustRun("later", "--no-search")).not.toContain("search   ");
    expect(await bytes("later", ...WEIGHTS)).toEqual(await bytes("first", ...WEIGHTS));

    await mustRun("later", "--no-search", "--common.seed", "3");
    const [other, one] = [await bytes("later", ...WEIGHTS), await bytes("first", ...WEIGHTS)];
    expect([...readSafetensors(other).keys()]).toEqual([...readSafetensors(one).keys()]);
    expect(other).not.toEqual(one);
    expect((await stat(join(folder, "later", ...FOUND))).mtimeMs).toBe(searched);
  });

  it("--no-search says what is missing when nothing was found before", async () => {
    const { code, stderr } = await run("nothing", "--no-search");
    expect(stderr).toMatchInlineSnapshot(`
      "error[io]: nothing to evaluate: cannot read FOLDER/nothing/darts_shapes_toy_eval/final_model_desc.yaml: it does not exist; run the search first, or name a description with nas.eval.final_desc_filename
      "
    `);
    expect(code).toBe(1);
  });

  it("--no-eval ends after the search; --exp-prefix names the folders", async () => {
    const stdout = await mustRun("searched", "--no-eval", "--exp-prefix", "mine");
    expect(stdout).toContain("normal cell");
    expect(stdout).not.toContain("eval     ");
    expect(await readdir(join(folder, "searched"))).toEqual(["darts_shapes_mine_eval", "darts_shapes_mine_search"]);
    // Ready for a later --no-search.
    expect(await filesIn("searched", "darts_shapes_mine_eval")).toEqual(["final_model_desc.yaml"]);
  });
});

describe("--tune fast", () => {
  it("runs with variants that were timed, and keeps what repeats the run to the bit without timing anything", async () => {
    await cp(join(folder, "first"), join(folder, "tuned"), { recursive: true });
    const file = join(folder, "choices.json");
    const stdout = await mustRun("tuned", "--no-search", "--tune", "fast", "--tune-file", file);
    expect(stdout).toMatch(/^tuning {3}\d+ choices among variants of kernels$/m);
    expect(stdout).toMatch(/^tuned {4}\d+ in \d+\.\d s, \d+ other than by default(; \d+ left: .*)?$/m);
    const known = parseTuning(await text("choices.json"))!;
    const record = parseTuning(await text("tuned", "darts_shapes_toy_eval", "tuning.json"))!;
    expect(record.map(({ adapter }) => adapter)).toEqual(known.map(({ adapter }) => adapter));
    const [all, timed] = [record[0]!.choices, known[0]!.choices];
    expect(timed.size).toBeGreaterThan(0);
    expect(new Map([...all].filter(([key]) => timed.has(key)))).toEqual(timed);

    const weights = await bytes("tuned", ...WEIGHTS);
    const again = join(folder, "tuned", "darts_shapes_toy_eval", "tuning.json");
    const repeated = await mustRun("tuned", "--no-search", "--tune", "fast", "--tune-file", again);
    expect(repeated).not.toMatch(/^tun/m);
    expect(await bytes("tuned", ...WEIGHTS)).toEqual(weights);
    expect(parseTuning(await readFile(again, "utf8"))).toEqual(record);
  });
});

describe("supernet desc on what was found", () => {
  it("shows it", async () => {
    const { code, stdout } = await supernet(["desc", "show", join(folder, "first", ...FOUND)]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 cells, 10 classes, images 3x32x32\n/);
  });

  it("converts it to JSON, to Archai's YAML and back without a loss", async () => {
    const found = join(folder, "first", ...FOUND);
    const [json, archai, back] = ["found.json", "archai.yaml", "back.yaml"].map((name) => join(folder, name));
    for (const args of [
      [found, json!],
      [found, archai!, "--format", "archai"],
      [archai!, back!],
    ]) {
      expect(await supernet(["desc", "convert", ...args])).toMatchObject({ code: 0, stderr: "" });
    }
    const desc = parseModelDesc(await text("first", ...FOUND), found);
    expect(modelDescFromJson(JSON.parse(await text("found.json")))).toEqual(desc);
    expect(await text("archai.yaml")).toContain("!!python/object");
    expect(parseModelDesc(await text("back.yaml"), "back.yaml")).toEqual(desc);
  });
});

describe("an error ends a run with code 1 and one message, before anything is written", () => {
  const messageOf = async (...args: string[]) => {
    const logdir = join(folder, "wrong");
    const { code, stdout, stderr } = await supernet(["run", "--common.logdir", logdir, ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    await expect(stat(logdir)).rejects.toThrow("ENOENT");
    return stderr;
  };

  it("for an algorithm that does not exist", async () => {
    expect(await messageOf("--algos", "drats")).toMatchInlineSnapshot(`
      "error[config]: there is no algorithm "drats"; did you mean "darts"?
      "
    `);
  });

  it("for a data set that does not exist, even if it is not the first", async () => {
    expect(await messageOf("--datasets", "shapes,cifra10")).toMatchInlineSnapshot(`
      "error[config]: there is no data set "cifra10"; did you mean "cifar10"?
      "
    `);
  });

  it("for a misspelt override", async () => {
    expect(await messageOf("--nas.search.trainer.epoch", "3")).toMatchInlineSnapshot(`
      "error[config]: --nas.search.trainer.epoch: the conf has no such key; did you mean --nas.search.trainer.epochs?
      "
    `);
  });

  it("for an override of another type", async () => {
    expect(await messageOf("--nas.search.trainer.epochs", "many")).toMatchInlineSnapshot(`
      "error[config]: --nas.search.trainer.epochs: expected an integer like 2, got "many"
      "
    `);
  });

  it("for flags that leave nothing to do", async () => {
    expect(await messageOf("--no-search", "--no-eval")).toMatchInlineSnapshot(`
      "error[config]: --no-search and --no-eval leave nothing to do; give one of them
      "
    `);
  });
});

/** CIFAR-10's binary records, their labels in turn. */
function cifarRecords(count: number): Blob {
  const bytes = Uint8Array.from({ length: count * 3073 }, (_, i) => (i * 2654435761) >>> 24);
  for (let i = 0; i < count; i++) bytes[i * 3073] = i % 10;
  return new Blob([bytes]);
}

describe("an imported data set", () => {
  it("is searched by its name, from the folder that an override names", async () => {
    const files = [
      { path: "data_batch_1.bin", blob: cifarRecords(60) },
      { path: "test_batch.bin", blob: cifarRecords(10) },
    ];
    const { dataset } = await importImages(
      { name: "pets", files },
      { decode: () => Promise.reject(new Error("none")) },
    );
    const dataroot = join(folder, "imported");
    await writeFileAtomic(join(dataroot, "pets.supernet"), dataset);
    const logdir = join(folder, "pets");
    const args = ["--datasets", "pets", "--no-eval", "--dataset.dataroot", dataroot, "--common.logdir", logdir];
    const small = SMALL.filter((_, i) => /^--nas.search/.test(SMALL[i - (i % 2)]!));
    const { code, stdout, stderr } = await supernet(["run", ...args, ...small]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("normal cell");
    const log = parse(await text("pets/darts_pets_toy_search/log.yaml"));
    expect(log.data).toMatchObject({
      ds_name: "pets",
      source: `${join(dataroot, "pets.supernet")}: 60 training images, 10 test images`,
    });
  });
});

describe("CIFAR-10", () => {
  it("that is not there is asked for", async () => {
    const dataroot = join(folder, "no-data");
    const args = ["--datasets", "cifar10", "--dataset.dataroot", dataroot, "--common.logdir", join(folder, "cifar")];
    const { code, stderr } = await supernet(["run", ...args]);
    expect(stderr).toMatchInlineSnapshot(`
      "error[data]: FOLDER/no-data: neither cifar-10-batches-bin/ nor cifar-10-binary.tar.gz is there. Put cifar-10-batches-bin/ or cifar-10-binary.tar.gz (from https://www.cs.toronto.edu/~kriz/cifar.html) into a folder DIR and pass --nas.search.loader.dataset.dataroot DIR (--nas.eval.loader.dataset.dataroot DIR for the evaluation), or use the embedded data set: --datasets shapes
      "
    `);
    expect(code).toBe(1);
    expect(existsSync(join(folder, "cifar")), "a folder for a run that cannot start").toBe(false);
  });

  it("for the evaluation is asked for before the search, not after it", async () => {
    const evaluation = ["--nas.eval.loader.dataset.name", "cifar10", "--nas.eval.loader.dataset.dataroot", "nowhere"];
    const { code, stderr } = await supernet(["run", "--common.logdir", join(folder, "late"), ...evaluation]);
    expect(stderr).toContain("error[data]: nowhere: neither");
    expect(code).toBe(1);
    expect(existsSync(join(folder, "late"))).toBe(false);
  });

  const dataroot = process.env.SUPERNET_DATAROOT;
  it.skipIf(!dataroot)("runs on the real images (skipped unless SUPERNET_DATAROOT names their folder)", async () => {
    const small = SMALL.slice(SMALL.indexOf("--nas.search.loader.train_batch"));
    const narrow = ["search", "eval"].flatMap((phase) => [`--nas.${phase}.model_desc.model_stems.init_node_ch`, "4"]);
    const logdir = join(folder, "real");
    const args = [
      "--datasets",
      "cifar10",
      "--common.logdir",
      logdir,
      "--dataset.dataroot",
      dataroot!,
      ...small,
      ...narrow,
    ];
    const { code, stderr } = await supernet(["run", ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(readSafetensors(await bytes("real/darts_cifar10_toy_eval/model.safetensors")).size).toBeGreaterThan(0);
  });
});

describe("Ctrl-C", () => {
  const LONG = ["--nas.search.trainer.epochs", "1000"];

  it.each([
    ["while the supernet is prepared", "search   "],
    ["while it trains", "arch_train epoch 1/1000 trained"],
  ])("%s ends the run within two seconds, code 130, files whole", async (_, interruptAt) => {
    const logdir = interruptAt.slice(0, 6);
    const args = ["run", "--common.logdir", join(folder, logdir), ...SMALL, ...LONG];
    const { code, stderr, endedAfter } = await supernet(args, { interruptAt });
    const stderrTells = "interrupted: the same command with --resume auto goes on from here\n";
    expect({ code, stderr }).toEqual({ code: 130, stderr: stderrTells });
    expect(endedAfter).toBeLessThan(2000);
    const files = await filesIn(logdir);
    expect(files).not.toContain("darts_shapes_toy_search/final_model_desc.yaml");
    expect(files.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    const documents = files.filter((name) => name.endsWith(".yaml"));
    for (const name of documents) expect(parse(await text(logdir, name)), name).toBeTypeOf("object");
    if (interruptAt.startsWith("arch_train")) {
      expect(documents).toContain("darts_shapes_toy_search/log.yaml");
      expect(await text(logdir, "darts_shapes_toy_search/log.log")).toMatch(/ ERROR .*interrupted\n$/);
    }
  });
});
