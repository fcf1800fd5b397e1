// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are the confs' own variables
import { describe, expect, it } from "vitest";
import { expandPath, expandVars } from "../../../src/config/index.ts";
import { normalizeFile, resolveConfPath, resolveFile } from "../../../src/config/paths.ts";

describe("expandPath", () => {
  const vars = { expdir: "/logs/x", HOME: "/home/me", none: undefined, a: "$expdir" };

  it.each([
    ["$expdir/model.yaml", "/logs/x/model.yaml"],
    ["${expdir}2", "/logs/x2"],
    ["$expdir2", "$expdir2"],
    ["$none/${none}", "$none/${none}"],
    ["~/dataroot", "/home/me/dataroot"],
    ["~", "/home/me"],
    ["~you/x", "~you/x"],
    ["x/~", "x/~"],
    ["$a", "$expdir"],
    ["$toString", "$toString"],
    ["{cells}/$$", "{cells}/$$"],
  ])("%s becomes %s", (text, expected) => {
    expect(expandPath(text, vars)).toBe(expected);
  });

  it("leaves ~ where no home is known", () => {
    expect(expandPath("~/x", {})).toBe("~/x");
    expect(expandPath("~/x", { USERPROFILE: "C:\\me$&" })).toBe("C:\\me$&/x");
  });
});

it("expandVars expands every string of a conf and leaves the conf alone", () => {
  const conf = { a: "$x", b: [1, "~", { c: "${x}" }], d: null, e: Number.NaN };
  expect(expandVars(conf, { x: "1", HOME: "/h" })).toEqual({
    a: "1",
    b: [1, "/h", { c: "1" }],
    d: null,
    e: Number.NaN,
  });
  expect(conf.a).toBe("$x");
});

describe("file names", () => {
  it.each([
    ["a/b.yaml", "../c.yaml", "c.yaml"],
    ["b.yaml", "../c.yaml", "../c.yaml"],
    ["/a/b.yaml", "./d/../c.yaml", "/a/c.yaml"],
    ["/a/b.yaml", "../../../c.yaml", "/c.yaml"],
    ["a/b.yaml", "/c.yaml", "/c.yaml"],
    ["https://x.org/a/b.yaml", "../c.yaml", "https://x.org/c.yaml"],
    ["https://x.org/a/b.yaml", "https://y.org/c.yaml", "https://y.org/c.yaml"],
    ["C:\\a\\b.yaml", "c.yaml", "C:\\a\\c.yaml"],
  ])("from %s, %s is %s", (from, name, expected) => {
    expect(resolveFile(from, name)).toBe(expected);
  });

  it("have one form each", () => {
    expect(normalizeFile("./a//b/../c")).toBe("a/c");
    expect(normalizeFile(".")).toBe(".");
  });
});

it("paths of copies start at the top or at the copying entry", () => {
  expect(resolveConfPath(["a", "b"], "/x/ y")).toEqual(["x", "y"]);
  expect(resolveConfPath(["a", "b"], "../c")).toEqual(["a", "c"]);
  expect(resolveConfPath(["a", "b"], "./../../c/")).toEqual(["c"]);
  expect(resolveConfPath(["a"], "../..")).toBeUndefined();
});
