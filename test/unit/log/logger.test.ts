import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { nodeFiles } from "../../../src/host/node/files.ts";
import { Logger } from "../../../src/log/logger.ts";
import { folderLogSink } from "../../../src/log/sink.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-log-"));
});

afterEach(() => rm(folder, { recursive: true }));

const read = (name: string) => readFile(join(folder, name), "utf8");

describe("Logger", () => {
  it("keeps a tree by section, in the order of logging, as the reference does", async () => {
    const log = new Logger(folderLogSink(nodeFiles, folder));
    log.info({ seed: 2 });
    log.pushd("arch_search");
    log.pushd("arch_train");
    log.info({ total_epochs: 2, conf_optim: { type: "sgd", lr: 0.025, decay_bn: Number.NaN } });
    log.pushd("epochs");
    for (const epoch of [1, 0]) {
      log.pushd(epoch);
      log.info({ start_lr: 0.025 });
      log.pushd("steps");
      log.pushd(0);
      log.info({ top1: 0.5, loss: Number.POSITIVE_INFINITY });
      for (let depth = 0; depth < 3; depth++) log.popd();
    }
    log.popd();
    log.info({ done: true });
    await log.close();

    const yaml = await read("log.yaml");
    const step = { top1: 0.5, loss: Number.POSITIVE_INFINITY };
    expect(parse(yaml)).toEqual({
      seed: 2,
      arch_search: {
        arch_train: {
          total_epochs: 2,
          conf_optim: { type: "sgd", lr: 0.025, decay_bn: Number.NaN },
          epochs: {
            0: { start_lr: 0.025, steps: { 0: step } },
            1: { start_lr: 0.025, steps: { 0: step } },
          },
          done: true,
        },
      },
    });
    expect(yaml).toContain("decay_bn: .nan\n");
    expect(yaml).toContain("loss: .inf\n");
    // Epoch 1 was logged first: its place in the file is the order of logging, not that of numbers.
    expect(yaml.indexOf("\n      1:\n")).toBeGreaterThan(0);
    expect(yaml.indexOf("\n      1:\n")).toBeLessThan(yaml.indexOf("\n      0:\n"));
  });

  it("writes a line with time, level and section per message", async () => {
    const log = new Logger(folderLogSink(nodeFiles, folder));
    log.info("started");
    log.pushd("eval_arch");
    log.pushd(3);
    log.info({ top1: 0.25, lr: Number.NaN, list: [1, "a"], conf: { x: null } });
    log.popd();
    log.warn("slow");
    log.error({ code: 7 });
    await log.flush();
    const lines = (await read("log.log")).trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} /, ""))).toEqual([
      "INFO started",
      "INFO eval_arch/3 top1=0.25, lr=NaN, list=[1, a], conf={x=null}",
      "WARNING eval_arch slow",
      "ERROR eval_arch code=7",
    ]);
  });

  it("takes the later value of a key and continues a section that is entered again", async () => {
    const log = new Logger(folderLogSink(nodeFiles, folder));
    const shape = [1, 2];
    log.pushd("data");
    log.info({ a: 1, shape });
    log.popd();
    shape.push(3);
    log.pushd("data");
    log.info({ b: 2, a: 3 });
    log.popd();
    await log.close();
    expect(await read("log.yaml")).toBe("data:\n  a: 3\n  shape: [ 1, 2 ]\n  b: 2\n");
  });

  it("quotes strings that PyYAML would take for a truth value", async () => {
    const log = new Logger(folderLogSink(nodeFiles, folder));
    log.info({ answer: "no", plain: "cosine" });
    await log.close();
    expect(await read("log.yaml")).toBe('answer: "no"\nplain: cosine\n');
  });

  it("appends to log.log and rewrites log.yaml at every flush", async () => {
    const log = new Logger(folderLogSink(nodeFiles, folder));
    for (let step = 0; step < 3; step++) {
      log.info({ step });
      await log.flush();
      expect(parse(await read("log.yaml"))).toEqual({ step });
      expect((await read("log.log")).trimEnd().split("\n")).toHaveLength(step + 1);
    }
  });

  it("reports a failed write at flush, in words", async () => {
    await writeFile(join(folder, "occupied"), "");
    const log = new Logger(folderLogSink(nodeFiles, join(folder, "occupied")));
    log.info({ a: 1 });
    await expect(log.flush()).rejects.toThrow(/cannot write .*log\.log: part of its path is a file/);
  });

  it("refuses misuse", async () => {
    const log = new Logger(folderLogSink(nodeFiles, folder));
    expect(() => log.popd()).toThrow("without a pushd");
    log.info({ value: 1 });
    expect(() => log.pushd("value")).toThrow('"value" already holds a value');
    log.pushd("section");
    log.popd();
    expect(() => log.info({ section: 1 })).toThrow('"section" has keys of its own');
    await log.close();
    expect(() => log.info("late")).toThrow("after close");
  });
});
