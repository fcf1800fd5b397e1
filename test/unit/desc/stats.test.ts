import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { descStats, type StatsFlags } from "../../../src/cli/desc-stats.ts";
import { modelDescToYaml } from "../../../src/desc/yaml.ts";
import type { MemoryForecast } from "../../../src/nas/forecast.ts";
import { smallFinal } from "../../gpu/small.ts";

const CONFS = join(import.meta.dirname, "../../../confs");
const TOY: StatsFlags = {
  conf: `${CONFS}/algos/darts_toy.yaml;${CONFS}/datasets/shapes_toy.yaml`,
  algo: "darts",
  adapter: "gpu",
};
const SMALL = ["--dataset.train_size", "40", "--dataset.test_size", "10"];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-stats-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A number of MiB at the end of the line that starts with `what`. */
function mebibytes(text: string, what: string): number {
  const line = text.split("\n").find((candidate) => candidate.trim().startsWith(what))!;
  return Number(/([\d,.]+) MiB/.exec(line)![1]!.replaceAll(",", ""));
}

async function forecast(flags: Partial<StatsFlags>, overrides: readonly string[] = []): Promise<MemoryForecast> {
  const text = await descStats(undefined, [...SMALL, ...overrides], { ...TOY, ...flags, memory: true, json: true });
  return (JSON.parse(text) as { memory: MemoryForecast }).memory;
}

describe("desc stats", () => {
  test("says what a network costs, and nothing of memory unless asked", async () => {
    const text = await descStats(undefined, SMALL, TOY);
    expect(text).toMatch(/^[\d,]+ parameters, [\d,]+ multiply-adds per 32x32 image\n$/);
  });

  test("forecasts the memory of a search by what it is for; the parts are the total", async () => {
    const text = await descStats(undefined, SMALL, { ...TOY, memory: true, batch: 8 });
    expect(text).toContain("memory of searching it, batches of 8\n");
    const parts = [
      "parameters",
      "gradients",
      "optimizer",
      "second-order",
      "activations",
      "outputs",
      "data",
      "uniforms",
    ];
    const sum = parts.reduce((total, part) => total + mebibytes(text, part), 0);
    expect(Math.abs(sum - mebibytes(text, "total"))).toBeLessThan(0.05 * (parts.length + 1));
  });

  test("activations grow with the batch, a batch in parts takes as much as a part, to first order nothing is moved", async () => {
    const [four, eight] = [await forecast({ batch: 4 }), await forecast({ batch: 8 })];
    // Parts of sums take the same whatever the batch.
    const growth = eight.roles.temporaries / four.roles.temporaries;
    expect(growth).toBeGreaterThan(1.3);
    expect(growth).toBeLessThan(2.05);
    expect(eight.roles.parameters).toBe(four.roles.parameters);
    const parts = await forecast({ batch: 8 }, ["--nas.search.trainer.batch_chunks", "2"]);
    expect(parts.roles.temporaries).toBe(four.roles.temporaries);
    const first = await forecast({ batch: 4 }, ["--nas.search.trainer.second_order", "False"]);
    expect(first.roles["second order"]).toBe(0);
    expect(four.roles["second order"]).toBeGreaterThan(four.roles.gradients);
  });

  test("takes a description: one without alphas is trained as in an evaluation", async () => {
    const file = join(folder, "found.yaml");
    await writeFile(file, modelDescToYaml(smallFinal()));
    const text = await descStats(file, SMALL, { ...TOY, memory: true, batch: 8 });
    expect(text).toContain("memory of training it, batches of 8\n");
    expect(text).not.toContain("second-order");
  });

  test("an evaluation needs a description, and the message says which", async () => {
    const refused = descStats(undefined, SMALL, { ...TOY, phase: "eval" });
    await expect(refused).rejects.toThrow(/name its description.*supernet desc build --phase eval/);
  });
});
