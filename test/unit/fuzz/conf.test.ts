import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expandPath, parseExperimentConf, toJson, toYaml } from "../../../src/config/index.ts";
import { failure, load } from "../config/memory.ts";
import { damagedText, outcomes, read, tries } from "./support.ts";

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

const conf = damagedText(fc.constantFrom(...CONFS), WORDS);

/** Loads a conf, checks it, and sees that what was read is read again from what is written of it. */
async function survives(text: string, args: readonly string[] = []): Promise<"read" | "refused"> {
  const loaded = await read(["config", "io"], () => load({ "main.yaml": text, "other.yaml": "o: &a [1]\n" }, { args }));
  if (loaded === undefined) return "refused";
  await read(["config"], () => parseExperimentConf(loaded.tree, loaded.places));
  const again = await load(toYaml(loaded.root), { includes: false, resolveCopies: false });
  expect(again.tree).toEqual(loaded.tree);
  toJson(loaded.tree);
  return "read";
}

describe("conf", () => {
  it("is read or refused, whatever is done to it, and reads what it writes", () => outcomes(conf, survives, 1000));
});
