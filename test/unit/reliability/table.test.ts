import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { inputKind } from "../../reliability/table.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** Runs the fixture's tests as `npm run test:reliability -- --long` runs the others. */
function run(markdown: string) {
  const reporters = ["dot", "../../../reliability/table.ts"].map((name) => `--reporter=${name}`);
  return spawnSync(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), "run", ...reporters], {
    cwd: join(import.meta.dirname, "fixture"),
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", RELIABILITY_LONG: "1", RELIABILITY_MARKDOWN: markdown },
  });
}

let folder: string;
let result: ReturnType<typeof run>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-table-"));
  result = run(join(folder, "table.md"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("fails where a case was lost, and names each that was", () => {
  expect(result.status).toBe(1);
  expect(result.stderr).toContain("AssertionError: a step: step 1: expected 1 to be 2");
  expect(result.stderr).toContain("AssertionError: a step: step 3: expected 3 to be 2");
  expect(result.stderr).not.toContain("step 2:");
});

it("prints the sums of all tests by kind", () => {
  expect(result.stdout.slice(result.stdout.indexOf("kind of damage"))).toMatchInlineSnapshot(`
    "kind of damage  cases tried  survived  lost
    a step                    4         2     2
    an input              2,000     2,000     0

    "
  `);
});

it("writes them as Markdown for the README", async () => {
  expect(await readFile(join(folder, "table.md"), "utf8")).toMatchInlineSnapshot(`
    "| kind of damage | cases tried | survived | lost |
    | --- | --: | --: | --: |
    | a step | 4 | 2 | 2 |
    | an input | 2,000 | 2,000 | 0 |
    "
  `);
});

it("names the kinds of input after the files of their tests", () => {
  expect(inputKind("/a/test/unit/fuzz/conf.test.ts")).toBe("input: conf");
});
