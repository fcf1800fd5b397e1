import { expect, it } from "vitest";
import { isExpected, messageSites, testTexts } from "../messages.ts";

it("every message of an error is under test", () => {
  const inTests = testTexts();
  const sites = messageSites();
  expect(sites.length).toBeGreaterThan(300);
  const missing = sites.filter((site) => !isExpected(site, inTests));
  expect(missing.map(({ file, line, texts }) => `${file}:${line} ${texts.join(" … ")}`)).toEqual([]);
});
