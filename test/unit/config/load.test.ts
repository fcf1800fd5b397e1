import { describe, expect, it } from "vitest";
import { failure, load } from "./memory.ts";

describe("includes", () => {
  it("reads depth first, the including file last, paths relative to the including file", async () => {
    const { tree, files } = await load({
      "main.yaml": "__include__: [sub/a.yaml, b.yaml]\nx: main",
      "sub/a.yaml": "__include__: ../c.yaml\nx: a\ny: a\nz: a",
      "b.yaml": "y: b",
      "c.yaml": "x: c\nz: c\nw: c",
    });
    expect(files).toEqual(["main.yaml", "sub/a.yaml", "c.yaml", "b.yaml"]);
    expect(tree).toEqual({ x: "main", z: "a", w: "c", y: "b", __include__: ["sub/a.yaml", "b.yaml"] });
  });

  it("may read one file twice", async () => {
    const { tree } = await load({
      "main.yaml": "__include__: [a.yaml, c.yaml]",
      "a.yaml": "__include__: c.yaml\nx: a",
      "c.yaml": "x: c",
    });
    expect(tree.x).toBe("c");
  });

  it("expands variables in names of files, not in values", async () => {
    const { tree } = await load(
      { "main.yaml": "__include__: $dir/a.yaml\nx: $dir", "/confs/a.yaml": "y: ~/z" },
      { env: { dir: "/confs", HOME: "/home" } },
    );
    expect(tree).toMatchObject({ x: "$dir", y: "~/z" });
  });

  it("follows URLs, so that a page can load confs", async () => {
    const { tree } = await load(
      { "https://x.org/confs/algos/a.yaml": "__include__: ../d.yaml", "https://x.org/confs/d.yaml": "x: 1" },
      { spec: "https://x.org/confs/algos/a.yaml" },
    );
    expect(tree.x).toBe(1);
  });

  it("says which include is circular", async () => {
    const files = { "main.yaml": "x: 1\n__include__: a.yaml", "a.yaml": "__include__:\n  - ./main.yaml" };
    expect(await failure(load(files))).toMatchInlineSnapshot(
      `"SupernetError: a.yaml:2:5: circular __include__: main.yaml -> a.yaml -> main.yaml"`,
    );
  });

  it("says where a missing file is asked for", async () => {
    expect(await failure(load("x: 1\n__include__: nowhere.yaml"))).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:2:14: cannot read nowhere.yaml: no such file"`,
    );
    expect(await failure(load("", { spec: "gone.yaml" }))).toMatchInlineSnapshot(
      `"SupernetError: cannot read gone.yaml: no such file"`,
    );
  });

  it("rejects an include that is not a file name, and a spec without files", async () => {
    expect(await failure(load("__include__: [a.yaml, 3]"))).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:1:23: __include__ needs a file name or a list of file names"`,
    );
    expect(await failure(load("", { spec: " ; " }))).toMatchInlineSnapshot(`"SupernetError: no conf file was named"`);
  });
});

describe("merging", () => {
  const two = (first: string, second: string) =>
    load({ "a.yaml": first, "b.yaml": second }, { spec: "a.yaml; b.yaml" });

  it("merges sections, replaces the rest", async () => {
    const { tree } = await two("s: {a: 1, b: [1, 2]}\nt: {x: 1}", "s: {b: [], c: 3}\nt: null");
    expect(tree).toEqual({ s: { a: 1, b: [], c: 3 }, t: null });
  });

  it("lets a section without keys change nothing", async () => {
    const { tree } = await two("a: 1\nb: null\nc: {x: 1}", "a: {}\nb: {}\nc: {}\nd: {}");
    expect(tree).toEqual({ a: 1, b: null, c: { x: 1 }, d: {} });
  });

  it("does not let a section replace a value", async () => {
    expect(await failure(two("common:\n  seed: 2.0", "common:\n  seed: {x: 1}"))).toMatchInlineSnapshot(
      `"SupernetError: b.yaml:2:3: "seed" is a section here but a single value at a.yaml:2:3; make it the same kind in both"`,
    );
    expect(await failure(two("a: null", "a: {x: 1}"))).toContain("but null at a.yaml:1:1");
    expect(await failure(two("a: [1]", "a: {x: 1}"))).toContain("but a list at a.yaml:1:1");
  });
});

describe("YAML", () => {
  it("reports syntax errors with their position", async () => {
    expect(await failure(load("a: 1\nb: [1, 2\nc: 3"))).toMatch(/^SupernetError: main.yaml:3:\d+: not valid YAML: /);
  });

  it("needs a mapping at the top; an empty file is an empty conf", async () => {
    expect(await failure(load("- 1"))).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:1:1: a conf file must be a mapping of keys to values"`,
    );
    expect((await load("# nothing\n")).tree).toEqual({});
  });

  it("knows anchors, aliases and merge keys", async () => {
    const { tree } = await load("base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: {<<: [*b, {z: 4}]}\nthree: *b");
    expect(tree).toMatchObject({ one: { x: 1, y: 3 }, two: { x: 1, y: 2, z: 4 }, three: { x: 1, y: 2 } });
  });

  it("knows the standard tags and rejects others", async () => {
    const { tree } = await load("a: !!str 1\nb: !!float 2\nc: !!int '3'");
    expect(tree).toEqual({ a: "1", b: 2, c: 3 });
    expect(await failure(load("a: !!python/tuple 3"))).toMatch(/main.yaml:1:\d+: the tag .* does not fit/);
  });

  it("takes a key named __proto__ for a key", async () => {
    const { tree } = await load("__proto__: {x: 1}");
    expect(Object.keys(tree)).toEqual(["__proto__"]);
    expect((tree as { x?: number }).x).toBeUndefined();
  });
});

describe("places", () => {
  it("survive includes, copies and overrides", async () => {
    const { places } = await load(
      {
        "main.yaml": "__include__: a.yaml\nb:\n  _copy: /a\n  y: 5\nc: '_copy: /a/x'",
        "a.yaml": "a:\n  x: 1\n  y: 2\n  l: [7,  8]",
      },
      { args: ["--b.l", "z"] },
    );
    const at = (path: string, part: "key" | "value") => {
      const { file, line, col } = places.get(path)![part];
      return `${file}:${line}:${col}`;
    };
    expect(at("a.x", "key")).toBe("a.yaml:2:3");
    expect(at("a.x", "value")).toBe("a.yaml:2:6");
    expect(at("a.l.1", "value")).toBe("a.yaml:4:11");
    expect(at("b.x", "key")).toBe("a.yaml:2:3");
    expect(at("b.y", "value")).toBe("main.yaml:4:6");
    expect(at("c", "key")).toBe("main.yaml:5:1");
    expect(at("c", "value")).toBe("a.yaml:2:6");
    expect(places.get("b.l")!.value.file).toBe("command line");
    expect(places.has("b._copy")).toBe(false);
  });
});
