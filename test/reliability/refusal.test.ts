import { createHash } from "node:crypto";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importImages } from "../../src/data/own/import.ts";
import { readMetadata, readSafetensors, writeSafetensors } from "../../src/export/safetensors.ts";
import { writeFileAtomic } from "../../src/host/node/files.ts";
import { nodeHost } from "../../src/worker/node-host.ts";
import type { ResumeMode, RunRequest, RunSummary, SupernetApi } from "../../src/worker/protocol.ts";
import { createSession } from "../../src/worker/session.ts";
import { damage } from "./damage.ts";
import { contentOf } from "./killed-run.ts";

/**
 * Runs that were cut off are gone on with as they were begun, or not at all: what is different is named, and what is there stays as
 * it is. The runs are of an imported data set, whose images can change under the same conf.
 */

const NETWORK = {
  n_cells: 1,
  n_reductions: 0,
  "cell.n_nodes": 1,
  "model_stems.init_node_ch": 4,
};

const SMALL = [
  ...["search", "eval"].flatMap((phase) =>
    Object.entries(NETWORK).map(([key, value]) => [`nas.${phase}.model_desc.${key}`, value] as const),
  ),
  ["common.checkpoint.steps", 1],
  ["nas.search.loader.train_batch", 4],
  ["nas.search.loader.dataset.max_batches", 6],
  ["nas.search.trainer.epochs", 2],
  ["nas.eval.loader.train_batch", 4],
  ["nas.eval.loader.dataset.max_batches", 3],
  ["nas.eval.trainer.epochs", 2],
].flatMap(([key, value]) => [`--${key}`, String(value)]);

let folder: string;
let logdir: string;
let session: SupernetApi;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-refusal-"));
  logdir = join(folder, "runs");
  session = createSession(nodeHost(logdir));
});
afterAll(async () => {
  await session.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Writes the data set: images of noise. */
async function writeImages(seed: number): Promise<void> {
  const records = (count: number) => {
    const bytes = Uint8Array.from({ length: count * 3073 }, (_, i) => Math.imul(i + seed, 2654435761) >>> 24);
    for (let i = 0; i < count; i++) bytes[i * 3073] = i % 10;
    return new Blob([bytes]);
  };
  const files = [
    { path: "data_batch_1.bin", blob: records(40) },
    { path: "test_batch.bin", blob: records(10) },
  ];
  const decoder = { decode: () => Promise.reject(new Error("none")) };
  const { dataset } = await importImages({ name: "noise", files }, decoder);
  await writeFileAtomic(join(folder, "data/noise.supernet"), dataset);
}

interface Asked {
  readonly prefix?: string;
  readonly resume?: ResumeMode;
  readonly phases?: RunRequest["phases"];
  readonly overrides?: readonly string[];
}

/** @param stopAt the training that is stopped after a step */
async function run({ overrides = [], ...asked }: Asked, stopAt?: string): Promise<RunSummary> {
  const request: RunRequest = {
    ...{ algo: "darts", dataset: "noise", prefix: "one", resume: "auto" },
    overrides: [...SMALL, "--dataset.dataroot", join(folder, "data"), ...overrides],
    ...asked,
  };
  return session.start(request, (event) => {
    if (event.kind === "progress" && event.title === stopAt) void session.stop();
  });
}

/** All bytes below the folder of runs. */
async function hashes(): Promise<readonly (readonly [string, string])[]> {
  const entries = (await readdir(logdir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Promise.all(
    paths.map(
      async (path) =>
        [
          path,
          createHash("sha256")
            .update(await readFile(path))
            .digest("hex"),
        ] as const,
    ),
  );
}

/** What a run is refused with; it must leave everything as it was. */
async function refusal(asked: Asked): Promise<string> {
  const before = await hashes();
  const error = await run(asked).then(
    () => new Error("it ran"),
    (thrown) => thrown,
  );
  expect(error).toMatchObject({ name: "SupernetError", code: "io" });
  expect(await hashes()).toEqual(before);
  return error.message.replaceAll(logdir, "LOGDIR");
}

const path = (phase: "search" | "eval", name: string) => join(logdir, `darts_noise_one_${phase}`, name);

/** Changes a file while `body` is tried. */
async function withFile(file: string, change: (before: Buffer) => string | Uint8Array, body: () => Promise<void>) {
  const before = await readFile(file);
  await writeFile(file, change(before));
  try {
    await body();
  } finally {
    await writeFile(file, before);
  }
}

const text = (change: (before: string) => string) => (before: Buffer) => change(before.toString());

const set = (key: string, value: string | number) => ({ overrides: [`--${key}`, String(value)] });

let whole: ReadonlyMap<string, string>;
beforeAll(async () => {
  await writeImages(1);
  await run({});
  whole = await contentOf(logdir);
  await rm(logdir, { recursive: true });
});

const { attempt } = damage("resumed with something changed");

describe("a search that was cut off", () => {
  beforeAll(async () => {
    await expect(run({}, "arch_train")).rejects.toMatchObject({ code: "aborted" });
  });

  test("is not gone on with under another conf", async () => {
    await attempt("a key of the search", async () =>
      expect(await refusal(set("nas.search.trainer.alpha_optimizer.lr", 0.5))).toMatchInlineSnapshot(
        `"LOGDIR/darts_noise_one_search was begun with nas.search.trainer.alpha_optimizer.lr 0.01, now it is 0.5: set it back, choose another --exp-prefix, or begin anew with --resume fresh"`,
      ),
    );
    await attempt("the seed", async () =>
      expect(await refusal(set("common.seed", 7))).toMatchInlineSnapshot(
        `"LOGDIR/darts_noise_one_search was begun with common.seed 2, now it is 7: set it back, choose another --exp-prefix, or begin anew with --resume fresh"`,
      ),
    );
  });

  test("is not gone on with on other images", async () => {
    await attempt("the data set", async () => {
      await writeImages(2);
      try {
        expect(await refusal({})).toMatchInlineSnapshot(
          `"LOGDIR/darts_noise_one_search was begun with other images or labels: put them back, choose another --exp-prefix, or begin anew with --resume fresh"`,
        );
      } finally {
        await writeImages(1);
      }
    });
  });

  test("is not gone on with from a record that is damaged, or of another format", async () => {
    const record = path("search", "resume.json");
    await attempt("the format", () =>
      withFile(
        record,
        text((json) => json.replace('"format": 1', '"format": 2')),
        async () =>
          expect(await refusal({ resume: "require" })).toMatchInlineSnapshot(
            `"LOGDIR/darts_noise_one_search/resume.json has format 2, this version of supernet reads 1: go on with the version that wrote it, or begin anew with --resume fresh"`,
          ),
      ),
    );
    await attempt("half a record", () =>
      withFile(
        record,
        text((json) => json.slice(0, json.length / 2)),
        async () =>
          expect(await refusal({})).toMatchInlineSnapshot(
            `"LOGDIR/darts_noise_one_search/resume.json is damaged: it is not JSON; put back a copy, or begin anew with --resume fresh"`,
          ),
      ),
    );
  });

  test("is not gone on with from a checkpoint that is damaged, or of another format; put back, it ends as it would have", async () => {
    const checkpoint = path("search", "checkpoint.arch_train.safetensors");
    const refused = async () => {
      const error = await run({ resume: "require" }).catch((thrown) => thrown);
      expect(error).toMatchObject({ name: "SupernetError", code: "io" });
      return error.message.replaceAll(logdir, "LOGDIR");
    };
    await attempt("half a checkpoint", () =>
      withFile(
        checkpoint,
        (bytes) => bytes.subarray(0, bytes.length / 2),
        async () =>
          expect(await refused()).toMatchInlineSnapshot(
            `"LOGDIR/darts_noise_one_search/checkpoint.arch_train.safetensors is damaged: it is no safetensors file, or not the whole of one; put back a copy, or begin anew with --resume fresh"`,
          ),
      ),
    );
    await attempt("a bit of a weight", () =>
      withFile(
        checkpoint,
        (bytes) => bytes.map((byte, at) => (at === bytes.length - 100 ? byte ^ 4 : byte)),
        async () =>
          expect(await refused()).toMatchInlineSnapshot(
            `"LOGDIR/darts_noise_one_search/checkpoint.arch_train.safetensors is damaged: its content is not what was written; put back a copy, or begin anew with --resume fresh"`,
          ),
      ),
    );
    const reformatted = (bytes: Buffer) => {
      const { "supernet.checkpoint": header, ...rest } = readMetadata(bytes);
      const other = header!.replace('"format":1', '"format":2');
      return writeSafetensors(readSafetensors(bytes), { ...rest, "supernet.checkpoint": other });
    };
    await attempt("the format of a checkpoint", () =>
      withFile(checkpoint, reformatted, async () =>
        expect(await refused()).toMatchInlineSnapshot(
          `"LOGDIR/darts_noise_one_search/checkpoint.arch_train.safetensors has format 2, this version of supernet reads 1: go on with the version that wrote it, or begin anew with --resume fresh"`,
        ),
      ),
    );
    await attempt("nothing after all", async () => {
      await run({ resume: "require" });
      expect(await contentOf(logdir)).toEqual(whole);
    });
  });
});

describe("an evaluation that was cut off", () => {
  beforeAll(async () => {
    await run({ phases: ["search"], resume: "fresh" });
    await expect(run({}, "eval_train")).rejects.toMatchObject({ code: "aborted" });
  });

  test("is not gone on with under another conf", async () => {
    await attempt("a key of the evaluation", async () =>
      expect(await refusal(set("nas.eval.trainer.epochs", 3))).toMatchInlineSnapshot(
        `"LOGDIR/darts_noise_one_eval was begun with nas.eval.trainer.epochs 2, now it is 3: set it back, choose another --exp-prefix, or begin anew with --resume fresh"`,
      ),
    );
  });

  test("is not gone on with on another architecture", async () => {
    const changed = text((yaml) =>
      yaml.replace(/(sep|dil)_conv_(3x3|5x5)|(max|avg)_pool_3x3|skip_connect/, "skip_connect "),
    );
    await attempt("what the search has found", () =>
      withFile(path("search", "final_model_desc.yaml"), changed, async () =>
        expect(await refusal({})).toMatchInlineSnapshot(
          `"LOGDIR/darts_noise_one_eval was begun with another architecture: put what the search has found back, choose another --exp-prefix, or begin anew with --resume fresh"`,
        ),
      ),
    );
    await attempt("what is evaluated alone", () =>
      withFile(path("eval", "final_model_desc.yaml"), changed, async () =>
        expect(await refusal({ phases: ["eval"], resume: "require" })).toMatchInlineSnapshot(
          `"LOGDIR/darts_noise_one_eval was begun with another architecture: put what the search has found back, choose another --exp-prefix, or begin anew with --resume fresh"`,
        ),
      ),
    );
  });

  test("ends as it would have when all is as it was, and is not run again then", async () => {
    await attempt("nothing after all", async () => {
      await run({ resume: "require" });
      expect(await contentOf(logdir)).toEqual(whole);
      const before = await contentOf(logdir);
      const summary = await run({ resume: "require" });
      expect(summary.eval?.params).toBeGreaterThan(0);
      expect(await contentOf(logdir)).toEqual(before);
    });
  });
});

describe("where nothing was begun", () => {
  test("there is nothing to go on from", async () => {
    const elsewhere = { ...set("common.seed", 2), prefix: "two", resume: "require" } as const;
    await attempt("nothing there", async () =>
      expect(await refusal(elsewhere)).toMatchInlineSnapshot(
        `"darts_noise_two has left nothing to go on from: check --exp-prefix and the log folder, or let it begin with --resume auto"`,
      ),
    );
  });
});

describe("--resume fresh", () => {
  test("begins anew under another conf, over whatever is there, also when it is cut off itself", async () => {
    await attempt("another seed over an older run", async () => {
      // What an older evaluation has left to go on from is not this run's.
      await cp(path("search", "resume.json"), path("eval", "checkpoint.eval_train.safetensors"));
      const other = set("common.seed", 7);
      await expect(run({ ...other, resume: "fresh" }, "arch_train")).rejects.toMatchObject({ code: "aborted" });
      await run({ ...other, resume: "require" });
      const after = await contentOf(logdir);
      await rm(logdir, { recursive: true });
      await run(other);
      expect(after).toEqual(await contentOf(logdir));
    });
  });
});
