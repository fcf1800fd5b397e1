import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { failure, load } from "./memory.ts";

const treeOf = async (text: string) => (await load(text)).tree;

describe("_copy", () => {
  it("brings all of a section that is resolved later", async () => {
    const tree = await treeOf("a: {_copy: /b, x: 1}\nb: {_copy: ../c, y: 2}\nc: {x: 3, y: 3, z: {p: 1}}");
    expect(tree).toEqual({
      a: { x: 1, y: 2, z: { p: 1 } },
      b: { x: 3, y: 2, z: { p: 1 } },
      c: { x: 3, y: 3, z: { p: 1 } },
    });
  });

  it("resolves a relative copy where it is written, wherever it is copied to", async () => {
    const tree = await treeOf("late: {_copy: /s, n: 9}\ns: {n: 1, m: '_copy: ../n', sub: {k: '_copy: ../../n'}}");
    expect(tree.late).toEqual({ n: 9, m: 1, sub: { k: 1 } });
  });

  it("merges at every depth, own keys first, lists whole", async () => {
    const tree = await treeOf("a: {s: {x: 1, l: [1]}}\nb: {_copy: /a, s: {l: [], y: {_copy: /a/s}}}");
    expect(tree.b).toEqual({ s: { l: [], y: { x: 1, l: [1] }, x: 1 } });
  });

  it("may name a sibling of an unfinished section, and values the copying section has itself", async () => {
    expect(await treeOf("a: {b: {_copy: ../c}, c: {_copy: ../d}, d: {x: 1}}")).toMatchObject({ a: { b: { x: 1 } } });
    expect(await treeOf("a: {_copy: /b, x: 1}\nb: {y: '_copy: /a/x'}")).toEqual({ a: { x: 1, y: 1 }, b: { y: 1 } });
  });

  it("passes through a value that is a copy of a section", async () => {
    expect(await treeOf("a: '_copy: /b'\nb: {x: 1}\nc: '_copy: /a/x'")).toMatchObject({ c: 1 });
  });

  it("gives each copy data of its own", async () => {
    const tree = await treeOf("a: {l: [1], s: {x: 1}}\nb: {_copy: /a}\nc: '_copy: /a/l'");
    (tree.a as { l: number[] }).l.push(2);
    expect(tree).toMatchObject({ b: { l: [1] }, c: [1] });
  });

  it("leaves lists alone", async () => {
    expect(await treeOf("x: 1\nl: ['_copy: /x', {_copy: /x}]")).toMatchObject({ l: ["_copy: /x", { _copy: "/x" }] });
  });

  it.each([
    ["values", "a: '_copy: /b'\nb: '_copy: /a'"],
    ["sections", "a: {_copy: /b}\nb: {_copy: /c}\nc: {_copy: /a}"],
    ["itself", "a: {x: 1, _copy: /a}"],
    ["an ancestor", "a: {x: 1, b: {_copy: /a}}"],
    ["an ancestor, as a value", "a: {b: '_copy: /a'}"],
    ["a value out of the copying section", "a: {_copy: /b}\nb: {y: '_copy: /a/z', z: 1}"],
  ])("must not be circular: %s", async (_what, text) => {
    expect(await failure(load(text))).toMatch(/^SupernetError: main\.yaml:\d+:\d+: circular _copy: (\/\S* -> )+\/\S*$/);
  });

  it("says what is wrong, and where", async () => {
    const message = (text: string) => failure(load(text));
    expect(await message("a: {_copy: /b}\nb: {_copy: /a}")).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:1:12: circular _copy: /a -> /b -> /a"`,
    );
    expect(await message("common: {checkpoint: {x: 1}}\na:\n  _copy: /common/checkpiont")).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:3:10: _copy of "/common/checkpiont": /common has no key "checkpiont"; did you mean "checkpoint"?"`,
    );
    expect(await message("a: 3\nb:\n  _copy: /a")).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:3:10: _copy of "/a": a section is needed there, but /a is 3"`,
    );
    expect(await message("a: 3\nb: '_copy: /a/x'")).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:2:4: _copy of "/a/x": /a is 3, not a section"`,
    );
    expect(await message("b: '_copy: ../../x'")).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:1:4: _copy of "../../x" climbs above the top of the conf"`,
    );
    expect(await message("b: {_copy: [x]}")).toMatchInlineSnapshot(
      `"SupernetError: main.yaml:1:12: _copy needs the path of a section, such as "/common/checkpoint""`,
    );
  });

  it("does not depend on the order of sections", async () => {
    const sections = ["a: {_copy: /b, p: 1}", "b: {_copy: /c, q: 2}", "c: {r: '_copy: /d/s', t: {u: 1}}", "d: {s: 4}"];
    const expected = await treeOf(sections.join("\n"));
    const orders = fc.shuffledSubarray(sections, { minLength: sections.length });
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        expect(await treeOf(order.join("\n"))).toEqual(expected);
      }),
    );
  });
});
