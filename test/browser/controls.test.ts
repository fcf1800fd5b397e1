import { describe, expect, it } from "vitest";
import { choose, inspect, longestTask, runButton, SMALL, status, untilStatus, useSite, visit } from "./support.ts";

const at = useSite();

describe("a search on the page", () => {
  it("is held, goes on and is stopped, while the page stays at hand", { timeout: 400_000 }, async () => {
    const { page, faults } = await visit(at.context, at.site.url);
    await choose(page, `${SMALL} --nas.search.trainer.epochs 2000`);
    await runButton(page).click();
    await untilStatus(page, /^Search: epoch 1 of 2000/, 200_000);

    // The slider over epochs is there from the second on.
    const slider = page.getByLabel("As of epoch");
    await slider.waitFor({ timeout: 120_000 });
    const box = (await slider.boundingBox())!;
    const y = box.y + box.height / 2;
    const shown = new Set<string>();
    const longest = await longestTask(at.browser, page, async () => {
      await page.mouse.move(box.x + box.width - 8, y);
      await page.mouse.down();
      for (let step = 0; step <= 60; step++) {
        await page.mouse.move(box.x + 8 + ((box.width - 16) * (1 + Math.cos(step / 4))) / 2, y);
        shown.add(await slider.inputValue());
        await page.waitForTimeout(80);
      }
      await page.mouse.up();
    });
    expect(shown.size, "the slider moves under the pointer").toBeGreaterThan(1);
    expect(longest, "longest task of the page's thread, in ms of its processor time").toBeLessThan(100);
    await inspect(page, "searching");

    await page.getByRole("button", { name: "Pause" }).click();
    await untilStatus(page, /^Paused/, 60_000);
    const held = await status(page).innerText();
    await page.waitForTimeout(4000);
    expect(await status(page).innerText()).toBe(held);
    await inspect(page, "paused");
    await page.getByRole("button", { name: "Resume" }).click();
    await untilStatus(page, /^Search: /, 60_000);
    await expect.poll(() => status(page).innerText(), { timeout: 60_000 }).not.toBe(held.replace("Paused. ", ""));

    await page.getByRole("button", { name: "Stop" }).click();
    await untilStatus(page, /^Stopped/, 60_000);
    await page.getByRole("button", { name: "Run again" }).waitFor();
    await page.getByRole("link", { name: "Runs" }).click();
    const row = page.getByRole("row", { name: /darts_shapes_toy/ });
    await expect.poll(() => row.innerText()).toContain("interrupted");
    await row.getByRole("button", { name: /^Delete/ }).click();
    await row.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByText("No runs are kept yet").waitFor();
    expect(faults).toEqual([]);
  });
});
