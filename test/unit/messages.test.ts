import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { messageSites, testTexts, unexpected } from "../messages.ts";

/** What no test expects, and why. */
const UNTESTED = [
  // The installation's own script would have to be broken.
  "adapters cannot be listed",
  // The parser has no other kinds of nodes, and the schema of the section asks for two stems.
  "unsupported YAML node",
  "model_stems.ops must name two stems",
  // A driver that offers an adapter once and never again.
  "the adapter is gone: run again",
  // Who stops a job, or ends an engine, does not wait for it; who reads a conf asks first whether it is there.
  "the job was stopped",
  "the engine was ended",
  ": there is no such conf",
];

it("every message of an error is under test", () => {
  const inTests = testTexts(relative(join(import.meta.dirname, "../.."), import.meta.filename));
  const sites = messageSites();
  expect(sites.length).toBeGreaterThan(300);
  const missing = unexpected(sites, inTests);
  const excused = (texts: readonly string[]) => UNTESTED.find((text) => texts.some((one) => one.startsWith(text)));
  const unknown = missing.filter(({ texts }) => !excused(texts));
  expect(unknown.map(({ file, line, texts }) => `${file}:${line} ${texts.join(" … ")}`)).toEqual([]);
  // What has come under test since has no place in the list.
  expect(new Set(missing.map(({ texts }) => excused(texts)))).toEqual(new Set(UNTESTED));
});
