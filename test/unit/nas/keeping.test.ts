import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadShapes } from "../../../src/data/shapes.ts";
import { nodeFiles } from "../../../src/host/node/files.ts";
import { checkpointSpec, hashOf, type Keeping, removeCheckpoints, stemOf } from "../../../src/nas/keeping.ts";
import { runFiles } from "../../../src/worker/run-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-keeping-"));
});
afterEach(() => rm(folder, { recursive: true }));

const keeping = (stem: string): Keeping => ({
  stem,
  cadence: { freq: 1, minutes: 1, steps: 0 },
  identity: { conf: "c", "data set": "d" },
  files: runFiles(nodeFiles),
  onWarning: () => {},
});

describe("checkpoints of a phase", () => {
  it("are named after the conf's file and the training", () => {
    const spec = checkpointSpec(keeping(stemOf("/run/checkpoint.pth")), "arch_train", "n");
    expect(spec.path).toBe("/run/checkpoint.arch_train.safetensors");
    expect(spec.identity).toEqual({ conf: "c", "data set": "d", network: "n" });
  });

  it("are removed with all trainings, and weights of the same stem are not", async () => {
    const names = ["model.safetensors", "model.eval_train.safetensors", "model.r1.c3.n1.post_train.safetensors"];
    const others = ["models.eval_train.safetensors", "model.eval_train.yaml"];
    for (const name of [...names, ...others]) await writeFile(join(folder, name), "");
    await removeCheckpoints(keeping(stemOf(`${folder}/model.pth`)));
    expect(await readdir(folder)).toEqual([names[0]!, ...others].sort());
  });
});

describe("the hash of a data set", () => {
  const shapes = () => loadShapes({ name: "shapes", train_size: 8, test_size: 4 });

  it("is that of equal images, and no other", async () => {
    const [one, same, other] = [await shapes(), await shapes(), await shapes()];
    other.test.images[other.test.images.length - 1]! ^= 1;
    expect(await hashOf(same)).toBe(await hashOf(one));
    expect(await hashOf(other)).not.toBe(await hashOf(one));
    const relabelled = { ...one, train: { ...one.train, labels: one.train.labels.map((label) => 9 - label) } };
    expect(await hashOf(relabelled)).not.toBe(await hashOf(one));
  });
});
