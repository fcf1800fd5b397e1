import { describe, expect, it } from "vitest";
import { algorithmNames } from "../../src/algos/index.ts";
import { choose, runButton, SMALL, untilStatus, useSite, visit } from "./support.ts";

const at = useSite();

describe("the algorithms on the page", () => {
  it("are offered, each with a conf that is fine", { timeout: 200_000 }, async () => {
    const { page, faults } = await visit(at.context, at.site.url);
    const chooser = page.getByLabel("Algorithm");
    const offered = chooser.getByRole("option");
    await expect.poll(() => offered.allInnerTexts()).toEqual([...algorithmNames]);
    for (const algo of algorithmNames) {
      await chooser.selectOption(algo);
      await page
        .getByText(/^(Search|Evaluation) needs/)
        .first()
        .waitFor();
      await page.getByRole("button", { name: "Edit the conf" }).click();
      await page.getByLabel("Conf in YAML").waitFor();
      expect(await chooser.isDisabled(), "the conf that is edited is this algorithm's").toBe(true);
      await page.getByRole("button", { name: "Back to the settings above" }).click();
      expect(await page.getByRole("alert").allInnerTexts(), algo).toEqual([]);
    }
    expect(faults).toEqual([]);
  });

  it.each([
    { algo: "random", tables: 0 },
    { algo: "didarts", tables: 1 },
    { algo: "xnas", tables: 1 },
  ])("run in toy size: $algo", { timeout: 400_000 }, async ({ algo, tables }) => {
    const { page, faults } = await visit(at.context, at.site.url);
    await page.getByLabel("Algorithm").selectOption(algo);
    await choose(page, SMALL);
    await runButton(page).click();
    await untilStatus(page, /^Done: [\d.]+.% of the test images are told right/, 400_000);
    await page.getByText(`${algo} on shapes, seed 2`).waitFor();
    await page.getByRole("group", { name: "Normal cell, drawn" }).waitFor();
    // A row for each edge; random search has no weights to show.
    expect(await page.locator("sn-heat-map tbody").count()).toBe(tables);
    expect(await page.locator("sn-heat-map tbody").getByRole("row").count()).toBe(2 * tables);
    expect(faults).toEqual([]);
    await page.close();
  });
});
