import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import { choose, FEW_STEPS, runButton, untilStatus, useSite, visit } from "./support.ts";

/** Where Debian's Chromium keeps the SwiftShader that it computes with; Node can be given the same one. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const SUPERNET = join(import.meta.dirname, "../../bin/supernet.mjs");

const at = useSite({ acceptDownloads: true });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-agreement-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

type Files = (path: string) => Promise<Uint8Array>;

/** What two runs of one conf and seed have in common, whatever computed them. */
async function outcome(file: Files) {
  const text = async (path: string) => new TextDecoder().decode(await file(path));
  const found = "darts_shapes_toy_search/final_model_desc.yaml";
  const metrics = async (path: string) => {
    const { epochs_metrics } = parse(await text(path)).run_metrics as {
      epochs_metrics: { loss: { avg: number }; val_metrics: { loss: { avg: number } } }[];
    };
    return epochs_metrics.flatMap(({ loss, val_metrics }) => [loss.avg, val_metrics.loss.avg]);
  };
  return {
    architecture: parseModelDesc(await text(found), found).cellDescs,
    losses: [
      ...(await metrics("darts_shapes_toy_search/search_train_metrics.yaml")),
      ...(await metrics("darts_shapes_toy_eval/eval_train_metrics.yaml")),
    ],
    weights: await file("darts_shapes_toy_eval/model.safetensors"),
  };
}

async function inTab() {
  const { page } = await visit(at.context, at.site.url);
  const adapter = await page
    .getByText(/WebGPU, /)
    .locator("xpath=..")
    .innerText();
  await choose(page, FEW_STEPS, "5");
  await runButton(page).click();
  await untilStatus(page, /^Done/, 400_000);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download all as zip" }).click();
  const files = unzipSync(new Uint8Array(await readFile(await (await download).path())));
  return { adapter, ...(await outcome(async (path) => files[path]!)) };
}

async function inNode(env: Readonly<Record<string, string>>) {
  const args = ["run", "--common.logdir", folder, "--common.seed", "5", ...FEW_STEPS.split(" ")];
  await promisify(execFile)(process.execPath, [SUPERNET, ...args], { env: { ...process.env, ...env } });
  return outcome(async (path) => new Uint8Array(await readFile(join(folder, path))));
}

it("a tab and the command line find the same architecture with the same losses", async () => {
  const tab = await inTab();
  const software = /swiftshader/i.test(tab.adapter);
  const same = software && existsSync(SWIFTSHADER);
  const node = await inNode(same ? { VK_DRIVER_FILES: SWIFTSHADER, VK_ICD_FILENAMES: SWIFTSHADER } : {});
  expect(node.architecture).toEqual(tab.architecture);
  expect(node.losses).toHaveLength(tab.losses.length);
  for (const [i, loss] of node.losses.entries()) expect(Math.abs(loss - tab.losses[i]!)).toBeLessThan(1e-3);
  if (same) {
    expect(node.losses).toEqual(tab.losses);
    expect(Buffer.compare(node.weights, tab.weights), "weights on the same adapter, bit by bit").toBe(0);
  }
});
