import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layoutCell } from "../../../src/web/charts/cell-layout.ts";
import { alignSeries } from "../../../src/web/charts/series.ts";
import { completionsAt, sectionAt } from "../../../src/web/page/conf-completion.ts";
import { suggestName } from "../../../src/web/state/dropped-files.ts";
import { bytes, compact, duration, percent } from "../../../src/web/state/format.ts";
import { freePrefix } from "../../../src/web/state/kept-run.ts";
import { joinWords, splitWords } from "../../../src/web/state/overrides.ts";
import { defaultSetup, requestOf, setupOf } from "../../../src/web/state/setup.ts";
import { normal } from "./events.ts";

describe("numbers", () => {
  it.each([
    [percent(0.50195), "50.2 %"],
    [percent(Number.NaN), "–"],
    [compact(4_825_408), "4.83 M"],
    [compact(640), "640"],
    [bytes(512), "512 B"],
    [bytes(1536 * 1024), "1.50 MiB"],
    [duration(44.6), "45 s"],
    [duration(725), "12 min 5 s"],
    [duration(12_000), "3 h 20 min"],
  ])("%s", (written, expected) => {
    expect(written.replaceAll("\u00a0", " ")).toBe(expected);
  });
});

describe("lines of a chart", () => {
  it("share an axis", () => {
    const line = (points: [number, number][]) => ({ label: "", color: "", points: points.map(([x, y]) => ({ x, y })) });
    expect(
      alignSeries([
        line([
          [0.5, 1],
          [1, 2],
        ]),
        line([[1, 9]]),
        line([]),
      ]),
    ).toEqual([
      [0.5, 1],
      [1, 2],
      [null, 9],
      [null, null],
    ]);
  });
});

describe.each(["right", "down"] as const)("a cell drawn to the %s", (direction) => {
  const { boxes, arrows, width, height } = layoutCell(normal, direction);

  it("has a box for every state and an arrow for every edge, and one from each node to the output", () => {
    expect(boxes.map(({ label, kind }) => `${kind} ${label}`)).toEqual([
      "input c[k-2]",
      "input c[k-1]",
      "node node 0",
      "node node 1",
      "output c[k]",
    ]);
    expect(arrows.map(({ label }) => label).sort()).toEqual(["", "", "max 3x3", "sep 3x3", "skip", "skip"]);
  });

  it("flows that way, inside its frame, with boxes apart", () => {
    const at = new Map(boxes.map((box) => [box.label, box]));
    const place = (label: string) => at.get(label)![direction === "right" ? "x" : "y"];
    expect(place("c[k-2]")).toBeLessThan(place("node 0"));
    expect(place("node 0")).toBeLessThan(place("node 1"));
    expect(place("node 1")).toBeLessThan(place("c[k]"));
    for (const box of boxes) {
      expect(box.x - box.width / 2).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width / 2).toBeLessThanOrEqual(width);
      expect(box.y + box.height / 2).toBeLessThanOrEqual(height);
      const near = boxes.filter(
        (other) =>
          other !== box &&
          Math.abs(other.x - box.x) < (other.width + box.width) / 2 &&
          Math.abs(other.y - box.y) < (other.height + box.height) / 2,
      );
      expect(near).toEqual([]);
    }
  });

  it("draws two edges between the same states apart", () => {
    const both = layoutCell(
      {
        ...normal,
        nodes: 1,
        edges: [
          { node: 0, states: [1], op: "skip_connect" },
          { node: 0, states: [1], op: "sep_conv_5x5" },
        ],
      },
      direction,
    );
    expect(new Set(both.arrows.map(({ path }) => path)).size).toBe(3);
  });
});

describe("a conf that is edited", () => {
  const keys = [
    { path: "common", type: "section" },
    { path: "common.seed", type: "number" },
    { path: "nas", type: "section" },
    { path: "nas.search", type: "section" },
    { path: "nas.search.trainer", type: "section" },
    { path: "nas.search.trainer.epochs", type: "whole number" },
    { path: "nas.search.finalizer", type: "text", values: ["default", "random"] },
  ];
  const before = ["common:", "  seed: 2", "nas:", "  eval:", "    x: 1", "  search: # of cells", "    trainer:"];

  it("knows the section of a line by its indentation", () => {
    expect(sectionAt(before, 6)).toBe("nas.search.trainer");
    expect(sectionAt(before, 4)).toBe("nas.search");
    expect(sectionAt(before, 2)).toBe("nas");
    expect(sectionAt(before, 0)).toBe("");
    expect(sectionAt(before.slice(0, 2), 2)).toBe("common");
  });

  it("completes keys of the section", () => {
    expect(completionsAt(keys, before, "    f")).toEqual({
      from: 4,
      options: [
        { label: "trainer", detail: "section", insert: "trainer:\n      " },
        { label: "finalizer", detail: "text", insert: "finalizer: " },
      ],
    });
    expect(completionsAt(keys, before, "")?.options.map(({ label }) => label)).toEqual(["common", "nas"]);
  });

  it("completes values of which there are few", () => {
    const found = completionsAt(keys, before, "    finalizer: ra");
    expect(found?.from).toBe(15);
    expect(found?.options.map(({ insert }) => insert)).toEqual(["default", "random"]);
    expect(completionsAt(keys, before, "      epochs: 3")).toBeUndefined();
    expect(completionsAt(keys, before, "    # note")).toBeUndefined();
  });
});

describe("what is chosen", () => {
  it("splits words as a shell does, and joins them again", () => {
    expect(splitWords(`  --a.b "two words"  --c 'x y' --d=e`)).toEqual(["--a.b", "two words", "--c", "x y", "--d=e"]);
    expect(splitWords("")).toEqual([]);
    const word = fc.stringMatching(/^[a-z0-9.=-]([a-z0-9.=-]| |"){0,8}$/);
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(splitWords(joinWords(words))).toEqual(words);
      }),
    );
  });

  it("becomes a request, the seed as an override, and comes back from a link", () => {
    const setup = { ...defaultSetup, seed: "7", overrides: "--nas.search.trainer.epochs 3" };
    const request = requestOf(setup, "toy-2");
    expect(request).toEqual({
      algo: "darts",
      dataset: "shapes",
      full: false,
      confText: undefined,
      prefix: "toy-2",
      fallback: undefined,
      overrides: ["--nas.search.trainer.epochs", "3", "--common.seed", "7"],
    });
    expect(setupOf(request)).toEqual({ ...setup, confText: undefined });
  });

  it("gets a name that no kept run has", () => {
    expect(freePrefix([], "darts", "shapes", "toy")).toBe("toy");
    expect(
      freePrefix(["darts_shapes_toy", "darts_shapes_toy-2", "darts_cifar10_toy-3"], "darts", "shapes", "toy"),
    ).toBe("toy-3");
  });

  it("suggests a name for images from their folder or archive", () => {
    const named = (path: string) => suggestName([{ path, blob: new Blob() }]);
    expect(named("My Pets/cat/1.jpg")).toBe("my-pets");
    expect(named("cifar-10-binary.tar.gz")).toBe("cifar-10-binary");
    expect(named("日本/a.png")).toBe("my-images");
  });
});
