import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { strToU8, zipSync } from "fflate";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { png } from "./images.ts";
import { choose, inspect, runButton, untilStatus, useSite, visit } from "./support.ts";

const at = useSite();

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-data-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const COLORS: Readonly<Record<string, readonly [number, number, number]>> = {
  brick: [0.8, 0.25, 0.15],
  grass: [0.2, 0.6, 0.2],
  sky: [0.4, 0.6, 0.9],
};

/** Small pictures of a few classes, each a colour with stripes of a width of its own, by path. */
function pictures(classes: readonly string[], count: number): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (const name of classes) {
    const color = COLORS[name]!;
    for (let i = 0; i < count; i++) {
      const pixel = (x: number, y: number) => [...color.map((part) => part * ((x + y * i) % (3 + i) < 2 ? 0.6 : 1)), 1];
      files[`${name}/${i}.png`] = png(20, 24, 8, pixel);
    }
  }
  return files;
}

async function write(name: string, files: Readonly<Record<string, Uint8Array>>): Promise<string> {
  for (const [path, data] of Object.entries(files)) {
    const place = join(folder, name, path);
    await mkdir(dirname(place), { recursive: true });
    await writeFile(place, data);
  }
  return join(folder, name);
}

async function importFolder(page: Page, path: string): Promise<void> {
  await page.locator("sn-import-form input[webkitdirectory]").setInputFiles(path);
  await page.getByRole("button", { name: /^Import \d+ files$/ }).click();
}

describe("a person's own images", () => {
  it("come from a folder, are looked at, and are searched with", { timeout: 600_000 }, async () => {
    const { page, faults } = await visit(at.context, `${at.site.url}#data`);
    await page.getByRole("heading", { name: "Your images" }).waitFor();
    await inspect(page, "data-empty");
    const files = { ...pictures(Object.keys(COLORS), 25), "sky/notes.txt": strToU8("no picture") };
    await importFolder(page, await write("Materials", files));
    await page.getByRole("heading", { name: "materials" }).waitFor();
    await page.getByText(/3 classes, 60 images to train with, 15 to test with, 32×32 pixels/).waitFor();
    for (const name of Object.keys(COLORS)) {
      const sheet = page.getByRole("img", { name: `Images of ${name}` });
      const painted = await sheet.evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(4, 4, 1, 1);
        return [canvas.width >= 32, Array.from(data)] as const;
      });
      expect(painted[0]).toBe(true);
      const strongest = COLORS[name]!.indexOf(Math.max(...COLORS[name]!));
      expect(painted[1].slice(0, 3).indexOf(Math.max(...painted[1].slice(0, 3)))).toBe(strongest);
    }
    await page.getByText("1 file was left out").click();
    await page.getByText("notes.txt").waitFor();
    await inspect(page, "data");

    await page.getByRole("button", { name: "Search with it" }).click();
    expect(await page.getByLabel("Data set").inputValue()).toBe("materials");
    const few = [
      "--nas.search.trainer.epochs 1 --nas.search.trainer.second_order False --nas.search.loader.train_batch 10",
      "--nas.search.model_desc.n_cells 1 --nas.search.model_desc.n_reductions 0 --nas.search.model_desc.cell.n_nodes 1",
      "--nas.search.model_desc.model_stems.init_node_ch 4 --nas.search.post_train.trainer.epochs 0",
      "--nas.eval.loader.train_batch 10 --nas.eval.model_desc.n_cells 1 --nas.eval.model_desc.n_reductions 0",
      "--nas.eval.model_desc.model_stems.init_node_ch 4 --nas.eval.model_desc.aux_weight 0.0",
      "--nas.eval.trainer.aux_weight 0.0 --nas.eval.trainer.epochs 1",
    ];
    await choose(page, few.join(" "));
    await runButton(page).click();
    await untilStatus(page, /^Done/, 500_000);
    await page.getByText("darts on materials").waitFor();
    const confusion = page.getByRole("group", { name: "Confusion matrix" });
    expect(await confusion.getByRole("rowheader").allInnerTexts()).toEqual(["brick", "grass", "sky"]);

    await page.reload();
    await page.getByRole("link", { name: "Data" }).click();
    await page.getByRole("heading", { name: "materials" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("heading", { name: "materials" }).waitFor({ state: "detached" });
    expect(faults).toEqual([]);
  });

  it("come from a zip", { timeout: 120_000 }, async () => {
    const { page, faults } = await visit(at.context, `${at.site.url}#data`);
    const buffer = Buffer.from(zipSync(pictures(["brick", "grass"], 10)));
    await page
      .locator("sn-import-form input[type=file]:not([webkitdirectory])")
      .setInputFiles({ name: "two.zip", mimeType: "application/zip", buffer });
    await page.getByRole("button", { name: "Import 1 file" }).click();
    await page.getByRole("heading", { name: "two" }).waitFor();
    await page.getByText(/2 classes, 16 images to train with, 4 to test with/).waitFor();
    expect(faults).toEqual([]);
  });

  it.each([
    ["a single class", pictures(["brick"], 10), /one class|single class/],
    ["no images", { "a/1.txt": strToU8("x"), "b/2.txt": strToU8("y") }, /image/],
    ["too few images", pictures(["brick", "grass"], 1), /too few|at least|images/],
  ])("are refused with a reason: %s", { timeout: 60_000 }, async (name, files, reason) => {
    const { page, faults } = await visit(at.context, `${at.site.url}#data`);
    await importFolder(page, await write(name, files));
    const told = page.locator("sn-import-form").getByRole("alert");
    await told.waitFor();
    expect(await told.innerText()).toMatch(reason);
    await inspect(page, `data-refused-${name.replaceAll(" ", "-")}`);
    expect(faults).toEqual([]);
  });
});
