import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { registerConfig } from "../../../src/cli/config.ts";

const root = join(import.meta.dirname, "../../..");
const src = join(root, "test/oracle/data/confs/src");
const darts = join(root, "confs/algos/darts.yaml");

let printed = "";
beforeEach(() => {
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function config(...args: string[]): Promise<string> {
  const program = new Command("supernet").exitOverride().configureOutput({ writeErr: () => undefined });
  registerConfig(program);
  await program.parseAsync(["config", ...args], { from: "user" });
  return printed;
}

describe("supernet config", () => {
  it("prints JSON with overrides before and after its own flags", async () => {
    const spec = `${src}/trainer.yaml;${src}/late.yaml`;
    const args = ["--common.seed", "-3.5", "--json", "--common.name", "", "--nas.eval.trainer.epochs=7"];
    expect(JSON.parse(await config(spec, ...args))).toMatchObject({
      common: { seed: -3.5, name: "" },
      nas: { eval: { trainer: { epochs: 7 } } },
    });
  });

  it("prints non-finite numbers as text and -0 as it is", async () => {
    const raw = await config(`${src}/yaml11.yaml`, "--json");
    expect(raw).toContain('".nan"');
    expect(raw).toMatch(/^ +-0,?$/m);
    expect(() => JSON.parse(raw)).not.toThrow();
  });

  it("prints YAML otherwise", async () => {
    expect(await config(`${src}/base.yaml`, "--optim.lr", "1")).toContain("  lr: 1.0\n");
  });

  it("fails for unknown overrides unless they are allowed", async () => {
    await expect(config(darts, "--common.sede", "1")).rejects.toThrow("did you mean --common.seed?");
    expect(await config(darts, "--common.sede", "1", "--allow-unknown", "--json")).toContain('"seed": 2');
    await expect(config("--common.seed", "1", darts)).rejects.toThrow("name the conf file first");
  });

  it("checks the conf of an experiment, and others if asked to", async () => {
    const bad = ["--nas.search.trainer.drop_path_prob", "2"];
    await expect(config(darts, ...bad)).rejects.toThrow(
      "command line: nas.search.trainer.drop_path_prob: must be at most 1",
    );
    expect(await config(darts, "--no-schema", ...bad)).toContain("drop_path_prob: 2.0");
    const gs = join(root, "confs/algos/gs.yaml");
    await expect(config(gs, "--nas.search.gs.temperature", "0.0")).rejects.toThrow("must be above 0, got 0");
    await expect(config(`${src}/trainer.yaml`, "--schema")).rejects.toThrow(/unknown key optim; /);
    const toy = join(root, "confs/algos/toy_common.yaml");
    await expect(config(toy, "--schema")).rejects.toThrow("dataset is missing");
    await expect(config(toy, "--nas.search.trainer.epochs", "-1")).rejects.toThrow("must be at least 0");
    expect(await config(toy)).toContain("max_batches: 2");
  });

  it("names a file that does not exist", async () => {
    await expect(config("nowhere.yaml")).rejects.toThrow("cannot read nowhere.yaml: it does not exist");
  });
});
