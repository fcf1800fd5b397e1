import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ConfValue, expandPath, parseExperimentConf, toJson, toYaml } from "../../../src/config/index.ts";
import { failure, load } from "../config/memory.ts";
import { damagedText, outcomes, read, refuses, tries } from "./support.ts";

/** Words that mean something to a conf, or to those who attack one. */
const WORDS = [
  "&a ",
  "*a",
  "*b ",
  "<<: *a\n",
  "<<",
  "- ",
  "[",
  "]",
  "{",
  "}",
  "? ",
  ": ",
  ":\n  ",
  "\n",
  "\t",
  "  ",
  "#",
  "'",
  '"',
  "|\n",
  ">-\n",
  "%YAML 9.9\n---\n",
  "---\n",
  "...\n",
  "!!str ",
  "!!float ",
  "!!binary ",
  "!!python/object:os.system ",
  "!<x> ",
  "\u0000",
  "\ufeff",
  "\u2028",
  "\u0085",
  "\ud800",
  "\r",
  "__proto__: ",
  "constructor: ",
  "toString",
  "1e999",
  "-.inf",
  ".nan",
  "0b_",
  "0x_",
  "1:99",
  "9".repeat(400),
  "_copy: /a\n",
  "'_copy: ../b'",
  "__include__: other.yaml\n",
  "__include__: main.yaml\n",
  "$x",
  "~",
  "${",
  "null",
  "nas",
  "search",
  "=",
  "a: b: c",
];

const CONFS = [
  "common: &a {seed: 2.0, logdir: ~/logdir, l: [1, 2.5, yes, null, 'x']}\nb:\n  _copy: /common\n  k: '_copy: ../seed'\nc: *a\n",
  '__include__: other.yaml\na:\n  - 1\n  - {x: 1.0e-3, y: "q\\n"}\n  - |\n    text\n    more\nb: {<<: {z: 0x1f}, w: 1_000}\n',
  "nas:\n  search:\n    model_desc: {n_cells: 3, cell: {n_nodes: 2}}\n    trainer: {epochs: 1, optimizer: {type: sgd, lr: 0.1}}\n",
  "",
];

/** Loads a conf, checks it, and sees that what was read is read again from what is written of it. */
async function survives(text: string, args: readonly string[] = []): Promise<"read" | "refused"> {
  const loaded = await read(["config", "io"], () => load({ "main.yaml": text, "other.yaml": "o: &a [1]\n" }, { args }));
  if (loaded === undefined) return "refused";
  await read(["config"], () => parseExperimentConf(loaded.tree, loaded.places));
  const again = await load(toYaml(loaded.root), { includes: false, resolveCopies: false });
  expect(again.tree).toEqual(loaded.tree);
  expect(Object.getPrototypeOf(loaded.tree)).toBe(Object.prototype);
  return "read";
}

const key = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "<<",
    "_copy",
    "no",
    "1",
    "1.0",
    "~",
    "",
    "a.b",
    "a: b",
  ),
  fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => !/[\ud800-\udfff\ufffe\uffff]/.test(text)),
);
const { value } = fc.letrec<{ value: ConfValue; section: Record<string, ConfValue> }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(null, true, false, 0, -0, 1, 2 ** 53, 1e300, 5e-324, -1.5, Infinity, Number.NaN),
      fc.double(),
      fc.maxSafeInteger(),
      key,
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("section"),
  ),
  section: fc.dictionary(key, tie("value"), { maxKeys: 4 }),
}));

/** Not as they are, for they look like a template's. */
const BRACED = "$".concat("{x}");

describe("conf", () => {
  it("is read or refused, whatever is done to it, and reads what it writes", () =>
    outcomes(damagedText(fc.constantFrom(...CONFS), WORDS), survives, 400));

  it("brings values of any kind through its own YAML, and finite ones through its JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom("a", "b", "c"), value), async (tree) => {
        const as = { resolveCopies: false, includes: false };
        const loaded = await read(["config"], () => load(JSON.stringify(tree), as));
        if (loaded === undefined) return;
        const { root } = loaded;
        const again = await load(toYaml(root), as);
        expect(toYaml(again.root)).toBe(toYaml(root));
        expect(again.tree).toEqual(loaded.tree);
        const finite = toJson(again.tree);
        if (!/"\.nan"|"-?\.inf"/.test(finite)) expect(JSON.parse(finite)).toEqual(again.tree);
      }),
      tries(200),
    );
  });

  it("takes any words for overrides, or refuses them", () => {
    const name = fc.constantFrom(
      "common.seed",
      "common.l",
      "b.k",
      "b",
      "common",
      "c.seed",
      "",
      ".",
      "__proto__",
      "constructor.name",
      "a..b",
    );
    const given = fc.oneof(
      fc.constantFrom("1", "[1, *a]", "[&a x, *a]", "[", "true", ".nan", "9".repeat(400), ""),
      fc.string({ maxLength: 6 }),
    );
    const word = fc.oneof(
      fc.tuple(name, given).map(([path, text]) => `--${path}=${text}`),
      name.map((path) => `--${path}`),
      given,
    );
    return outcomes(fc.array(word, { minLength: 1, maxLength: 3 }), (args) => survives(CONFS[0]!, args), 300);
  });

  it("puts variables into paths as they are", () => {
    const variable = fc.record({
      x: fc.oneof(fc.constantFrom("$&", "$1", "$x", BRACED, "~", "../..", "\0"), fc.string()),
    });
    const part = fc.constantFrom("$x", BRACED, "$".concat("{"), "$", "}", "/", "~", "$y", "a");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), variable, (parts, vars) => {
        const whole = parts.join("");
        const wanted = [...whole.matchAll(/\$\{x\}|\$x(?!\w)|./gs)]
          .map(([found]) => (found.length > 1 ? vars.x : found))
          .join("");
        expect(expandPath(whole, vars)).toBe(wanted);
      }),
      tries(500),
    );
  });
});

const laughs = (line: (i: number) => string) => Array.from({ length: 40 }, (_, i) => line(i)).join("\n");

describe("a conf that asks for more than a machine has", () => {
  it.each([
    ["aliases of aliases", `a0: &a0 [x, x]\n${laughs((i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)}`],
    ["aliases within each other", `a0: &a0 [x]\n${laughs((i) => `a${i + 1}: &a${i + 1} [*a${i}]`)}`],
    ["many aliases", `a: &a {b: 1, c: , d: }\nb: [${"*a, ".repeat(20_000)}]`],
    [
      "merges of merges",
      `a0: &a0 {x: {}, y: {}}\n${laughs((i) => `a${i + 1}: &a${i + 1} {x: *a${i}, y: {<<: *a${i}}}`)}`,
    ],
    ["an anchor in itself", "a: &a [*a]"],
    ["copies of copies", `a0: {x: 1}\n${laughs((i) => `a${i + 1}: {x: '_copy: /a${i}', y: '_copy: /a${i}'}`)}`],
    ["sections that copy", `a0: {x: 1}\n${laughs((i) => `a${i + 1}: {x: {_copy: /a${i}}, y: {_copy: /a${i}}}`)}`],
    ["copies within each other", `${laughs((i) => `a${i}: {x: '_copy: /a${i + 1}'}`)}\na40: {x: 1}`],
    [
      "a chain of copies",
      `${laughs((i) => `a${i}: '_copy: /a${i + 1}'`)}\n${laughs((i) => `a${i + 40}: '_copy: /a${i + 41}'`)}\na80: 1`,
    ],
    ["lists in lists", `a: ${"[".repeat(100_000)}`],
    ["lists in lists that end", `a: ${"[".repeat(5000)}${"]".repeat(5000)}`],
    ["mappings in mappings", "{a: ".repeat(20_000)],
    ["lists in lines", "- ".repeat(50_000)],
    ["keys of keys", "? ".repeat(50_000)],
    ["indents", Array.from({ length: 500 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["tags", `a: ${"! ".repeat(100_000)}`],
    ["words", `a: [${"1,".repeat(300_000)}]`],
    ["comments", "#x\n".repeat(500_000)],
    ["characters", `a: ${"x".repeat(2 ** 22)}`],
    ["a long key", `? ${"k".repeat(100_000)}\n: [${"1,".repeat(10_000)}]`],
    ["documents", "---\n".repeat(50_000)],
    ["a NUL", "a: b\0c"],
    ["half a character", "a: \ud800"],
    ["an unknown anchor", "a: *b"],
    ["a copy of a long name", `a: '_copy: /${"b".repeat(100_000)}'`],
  ])("is refused: %s", async (_, text) => {
    const message = await failure(load(text));
    expect(message.slice(0, 400)).toMatch(/^SupernetError: main\.yaml:\d+:\d+: \S/);
    expect(message.length).toBeLessThan(400);
  });

  it("names what is too much, and the remedy", async () => {
    const messages = await Promise.all(
      [
        `a: ${"[".repeat(50)}`,
        `a0: &a0 [x, x]\n${laughs((i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}]`)}`,
        `a0: {x: 1}\n${laughs((i) => `a${i + 1}: {x: '_copy: /a${i}', y: '_copy: /a${i}'}`)}`,
        `${laughs((i) => `a${i}: {x: '_copy: /a${i + 1}'}`)}\na40: {x: 1}`,
        `? ${"k".repeat(101)}\n: 1`,
        "? [k]\n: 1",
        "a: &a [*a]",
        "---\na: 1\n---\nb: 2",
        "a: b\0c",
      ].map((text) => failure(load(text))),
    );
    expect(messages.map((message) => message.replace("SupernetError: ", ""))).toMatchInlineSnapshot(`
      [
        "main.yaml:1:43: nested more than 40 levels deep; make it flatter",
        "main.yaml:1:13: more than 50000 values, those of aliases counted each time; use fewer aliases",
        "main.yaml:15:10: _copy brings more than 50000 values in all; use fewer copies of copies",
        "main.yaml:2:9: _copy of copies more than 40 levels deep; name what is copied directly",
        "main.yaml:1:3: a key must not be longer than 100 characters",
        "main.yaml:1:3: a key must be a single word or a quoted string",
        "main.yaml:1:8: an anchor contains an alias of itself",
        "main.yaml:3:1: a second document begins here; keep one of them",
        "main.yaml:1:5: not valid YAML: it has the character U+0000; is it a text in UTF-8?",
      ]
    `);
  });

  it("reads at most 200 files", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        `${i}.yaml`,
        i === 0 ? "x: 1" : `__include__: [${i - 1}.yaml, ${i - 1}.yaml]`,
      ]),
    );
    expect(await failure(load(files, { spec: "29.yaml" }))).toMatchInlineSnapshot(
      `"SupernetError: 3.yaml:1:15: more than 200 files are included, repetitions counted; include each of them once"`,
    );
    refuses(await load({ "a.yaml": "" }, { spec: "a.yaml;".repeat(201) }).catch((error: unknown) => error), ["config"]);
  });

  it("reads names with a million opening braces in one go", () => {
    expect(expandPath("$".concat("{").repeat(500_000), {})).toHaveLength(1_000_000);
  });
});
