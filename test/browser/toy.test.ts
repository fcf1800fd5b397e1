import { readFile } from "node:fs/promises";
import { unzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import { choose, inspect, runButton, SMALL, untilStatus, useSite, visit } from "./support.ts";

const at = useSite({ acceptDownloads: true });

/** An eighth of the toy run's batches and images; networks, epochs and steps of second order are as it has them. */
const FEW_IMAGES = [
  "--dataset.train_size 256",
  "--dataset.test_size 64",
  "--nas.search.loader.dataset.max_batches 4",
  "--nas.eval.loader.dataset.max_batches 4",
].join(" ");

/** A square of 40 pixels with a red disc on grey, as a PNG that the page itself draws. */
const discPng = `(async () => {
  const canvas = new OffscreenCanvas(40, 40);
  const context = canvas.getContext("2d");
  context.fillStyle = "#555";
  context.fillRect(0, 0, 40, 40);
  context.fillStyle = "#d33";
  context.arc(20, 20, 12, 0, 7);
  context.fill();
  return Array.from(new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer()));
})()`;

describe("the toy run of DARTS on the page", () => {
  it("searches, shows it live, trains what it found, and hands it over", { timeout: 1_500_000 }, async () => {
    const { page, faults } = await visit(at.context, at.site.url);
    await page.getByText(/WebGPU, /).waitFor();
    await page.getByText(/Search needs/).waitFor();
    await inspect(page, "idle");
    await choose(page, FEW_IMAGES);
    await runButton(page).click();

    await untilStatus(page, /^Search: epoch 1 of 2, training/, 400_000);
    const lossCurve = page.getByRole("img", { name: /^Loss over \d epochs?. training from/ });
    await lossCurve.waitFor();
    expect(await lossCurve.locator("canvas").count(), "a plot is drawn").toBe(1);
    // The first mixtures are told before the search has ended, and change by its end.
    const heat = page.locator("sn-heat-map").first().locator("tbody");
    await heat.waitFor({ timeout: 400_000 });
    const early = await heat.innerText();
    await untilStatus(page, /^Evaluation: epoch 1/, 400_000);
    expect(await heat.innerText()).not.toBe(early);
    expect(await heat.getByRole("row").count()).toBe(5);
    await page.getByRole("heading", { name: "Architecture found" }).waitFor();
    for (const type of ["Normal", "Reduction"]) {
      const drawing = page.getByRole("group", { name: `${type} cell, drawn` }).getByRole("img");
      expect(await drawing.getAttribute("aria-label")).toMatch(/^node 0 is \w+ of .*; node 1 is \w+ of /);
      // Two nodes with two inputs each, and each handed on.
      expect(await drawing.locator("path.arrow").count()).toBe(6);
    }
    await untilStatus(page, /^Done: [\d.]+.% of the test images are told right/, 800_000);
    await page.getByText("darts on shapes, seed 2").waitFor();
    await page.getByRole("group", { name: "Confusion matrix" }).waitFor();

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download all as zip" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("darts_shapes_toy.zip");
    const files = unzipSync(new Uint8Array(await readFile(await download.path())));
    expect(Object.keys(files)).toEqual(
      expect.arrayContaining([
        "darts_shapes_toy_search/final_model_desc.yaml",
        "darts_shapes_toy_search/log.yaml",
        "darts_shapes_toy_eval/config_used.yaml",
        "darts_shapes_toy_eval/model.safetensors",
      ]),
    );
    const text = new TextDecoder().decode(files["darts_shapes_toy_search/final_model_desc.yaml"]);
    const desc = parseModelDesc(text, "final_model_desc.yaml");
    expect(desc.cellDescs.map(({ cellType }) => cellType)).toEqual(["regular", "reduction", "regular"]);
    expect(desc.cellDescs.every(({ nodes }) => nodes.every(({ edges }) => edges.length === 2))).toBe(true);

    await page.getByLabel("Drop an image here, or choose one").setInputFiles({
      name: "disc.png",
      mimeType: "image/png",
      buffer: Buffer.from((await page.evaluate(discPng)) as number[]),
    });
    const scores = page.getByRole("status", { name: "Class probabilities" }).getByRole("listitem");
    await scores.first().waitFor({ timeout: 120_000 });
    const shares = (await scores.allInnerTexts()).map((line) => Number(/([\d.]+).%/.exec(line)?.[1]));
    expect(shares).toHaveLength(10);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
    await inspect(page, "done");
    expect(faults).toEqual([]);
  });

  it("is there after a reload, beside another", { timeout: 600_000 }, async () => {
    const { page, faults } = await visit(at.context, `${at.site.url}#runs`);
    await page.getByRole("button", { name: "Open darts_shapes_toy" }).click();
    await page.getByText("darts on shapes, seed 2").waitFor();
    await page.getByRole("group", { name: "Normal cell, drawn" }).waitFor();
    await page.getByRole("button", { name: "Link to this run" }).click();
    const link = await page.getByLabel("Opens the page with this conf and seed").inputValue();
    expect(link).toMatch(/#run=[\w-]+$/);
    await inspect(page, "reopened");

    await page.getByRole("link", { name: "Search" }).click();
    await choose(page, SMALL, "5");
    await runButton(page).click();
    await untilStatus(page, /^Done/, 400_000);
    await page.getByText("darts on shapes, seed 5").waitFor();
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByLabel("Compare darts_shapes_toy", { exact: true }).check();
    await page.getByLabel("Compare darts_shapes_toy-2").check();
    const table = page.getByRole("group", { name: "Figures of the compared runs" });
    expect(await table.getByRole("row", { name: /^Seed/ }).innerText()).toMatch(/Seed\s+5\s+2|Seed\s+2\s+5/);
    await page.getByRole("img", { name: /^Loss in evaluation over 3 epochs/ }).waitFor();
    await inspect(page, "compared");
    expect(faults).toEqual([]);

    const linked = await visit(at.context, link);
    // The conf that the link brings is in the editor, and nothing was started.
    await linked.page.getByLabel("Conf in YAML").waitFor();
    expect(await linked.page.getByLabel("Conf in YAML").innerText()).toContain("common:");
    expect(await runButton(linked.page).isEnabled()).toBe(true);
    expect(linked.faults).toEqual([]);
  });
});
