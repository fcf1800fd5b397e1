import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fileTuningStore, tuningFile } from "../../../src/host/node/tuning.ts";
import { parseTuning, type TuningAdapter, tuningText } from "../../../src/host/tuning.ts";

const GPU: TuningAdapter = {
  vendor: "acme",
  architecture: "a1",
  device: "0x12",
  description: "Acme 9",
  engine: "0.1.0",
};

const CHOICES = new Map<string, unknown>([
  ["pointwise 4x4 px32768", { wg: 64, per: [4, 1] }],
  ["depthwise 16", 8],
  ["pool", "strips"],
]);

let folder: string;
let path: string;
let warnings: string[];
const store = () => fileTuningStore(path, (message) => warnings.push(message));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-tuning-"));
  path = join(folder, "cache/tuning.json");
  warnings = [];
});
afterEach(async () => {
  expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  await rm(folder, { recursive: true });
});

describe("a tuning file", () => {
  it("gives back what was saved, for the same adapter", async () => {
    expect(await store().load(GPU)).toEqual(new Map());
    await store().save(GPU, CHOICES);
    expect(await store().load({ ...GPU })).toEqual(CHOICES);
    expect(warnings).toEqual([]);
    expect(await readdir(join(folder, "cache"))).toEqual(["tuning.json"]);
  });

  it.each(["vendor", "architecture", "device", "description", "engine"] as const)(
    "has nothing for an adapter with another %s, and keeps both",
    async (field) => {
      const other = { ...GPU, [field]: "another" };
      await store().save(GPU, CHOICES);
      expect(await store().load(other)).toEqual(new Map());
      await store().save(other, new Map([["pool", "windows"]]));
      expect(await store().load(GPU)).toEqual(CHOICES);
      expect(await store().load(other)).toEqual(new Map([["pool", "windows"]]));
    },
  );

  it("adds to what another process has saved meanwhile", async () => {
    await store().save(
      GPU,
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
    );
    await store().save(
      GPU,
      new Map([
        ["b", 2],
        ["c", 3],
      ]),
    );
    expect(await store().load(GPU)).toEqual(
      new Map([
        ["a", 1],
        ["b", 2],
        ["c", 3],
      ]),
    );
  });

  it.each([
    ["half of one", tuningText([{ adapter: GPU, choices: CHOICES }]).slice(0, 100)],
    ["empty", ""],
    ["JSON of something else", '{"name":"supernet"}'],
    ["a list", "[]"],
    ["of another format", tuningText([]).replace("tuning 1", "tuning 2")],
    ["without an adapter's name", tuningText([{ adapter: GPU, choices: CHOICES }]).replace("vendor", "seller")],
    ["with choices that are a list", '{"format":"supernet tuning 1","adapters":[{"choices":[]}]}'],
    ["with null for an adapter", '{"format":"supernet tuning 1","adapters":[null]}'],
  ])("that is %s is told of once and replaced", async (_, text) => {
    await mkdir(join(folder, "cache"));
    await writeFile(path, text);
    expect(parseTuning(text)).toBeUndefined();
    const own = store();
    expect(await own.load(GPU)).toEqual(new Map());
    await own.save(GPU, CHOICES);
    expect(warnings).toEqual([`${path} does not hold tuned choices of this program; it will be replaced`]);
    expect(parseTuning(await readFile(path, "utf8"))).toEqual([{ adapter: GPU, choices: CHOICES }]);
  });

  it("that can be neither read nor written is told of, and nothing is thrown", async () => {
    await mkdir(path, { recursive: true });
    const own = store();
    expect(await own.load(GPU)).toEqual(new Map());
    await own.save(GPU, CHOICES);
    expect(warnings).toEqual([
      `cannot read ${path}: it is a folder, not a file; kernels are tuned anew`,
      expect.stringMatching(/^cannot write .*; what was tuned is lost when this run ends$/),
    ]);
    expect(await readdir(join(folder, "cache"))).toEqual(["tuning.json"]);
  });

  it("has its keys in order, whatever the order they were found in", () => {
    const entry = (keys: string[]) => ({ adapter: GPU, choices: new Map(keys.map((key) => [key, 1])) });
    expect(tuningText([entry(["b", "a"])])).toBe(tuningText([entry(["a", "b"])]));
  });
});

describe("tuningFile", () => {
  it.each([
    [{ XDG_CACHE_HOME: "/cache" }, "linux", "/cache/supernet/tuning.json"],
    [{ XDG_CACHE_HOME: "cache" }, "linux", "/home/u/.cache/supernet/tuning.json"],
    [{}, "linux", "/home/u/.cache/supernet/tuning.json"],
    [{}, "darwin", "/home/u/Library/Caches/supernet/tuning.json"],
    [{ LOCALAPPDATA: "/local" }, "win32", "/local/supernet/tuning.json"],
    [{}, "win32", "/home/u/AppData/Local/supernet/tuning.json"],
  ] as const)("with %j on %s", (env, platform, expected) => {
    expect(tuningFile(env, "/home/u", platform)).toBe(expected);
  });
});
