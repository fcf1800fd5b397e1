import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expect, test } from "vitest";
import { registerCompare } from "../../../src/cli/compare.ts";
import { registerDesc } from "../../../src/cli/desc.ts";
import { modelDescToYaml } from "../../../src/desc/yaml.ts";

/** Runs a command in this process; none of these gets as far as an engine. */
async function supernet(...args: string[]): Promise<void> {
  const program = new Command("supernet").exitOverride();
  registerCompare(program);
  registerDesc(program);
  await program.parseAsync(args, { from: "user" });
}

test("a comparison has seeds of its own", async () => {
  await expect(supernet("compare", "--common.seed", "3")).rejects.toThrow(
    "--common.seed is the comparison's: it runs with seeds 0, 1, …; say how many with --seeds",
  );
  await expect(supernet("compare", "--seeds", "0")).rejects.toThrow('--seeds is "0"; give a whole number from 1');
});

test("a hand-written network has no file of Archai's, and images have a size", async () => {
  const folder = await mkdtemp(join(tmpdir(), "supernet-desc-"));
  const file = join(folder, "resnet18.yaml");
  await writeFile(file, modelDescToYaml({ factory: "resnet18", images: "small", dsCh: 3, nClasses: 10 }));
  await expect(supernet("desc", "convert", file, join(folder, "out"), "--format", "archai")).rejects.toThrow(
    "Archai has no file for resnet18: convert to supernet or json",
  );
  await expect(supernet("desc", "show", file, "--size", "big")).rejects.toThrow('--size is "big"; write it as 32x32');
  await rm(folder, { recursive: true });
});
