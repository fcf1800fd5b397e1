import { expect, it } from "vitest";
import { type Conf, experimentKeys } from "../../../src/config/index.ts";
import { nodeHost } from "../../../src/worker/node-host.ts";
import { resolveRequest } from "../../../src/worker/request.ts";

const keys = experimentKeys();

it("every key is listed once, with what it may be", () => {
  const named = new Map(keys.map((key) => [key.path, key]));
  expect(named.size).toBe(keys.length);
  expect(
    ["nas.search.trainer", "nas.search.trainer.epochs", "common.resume", "nas.eval.trainer.optimizer.type"].map(
      (path) => named.get(path),
    ),
  ).toMatchInlineSnapshot(`
    [
      {
        "path": "nas.search.trainer",
        "type": "section",
      },
      {
        "path": "nas.search.trainer.epochs",
        "type": "an integer",
      },
      {
        "path": "common.resume",
        "type": "True or False",
        "values": [
          "True",
          "False",
        ],
      },
      {
        "path": "nas.eval.trainer.optimizer.type",
        "type": "one of sgd, adam, cocob",
        "values": [
          "sgd",
          "adam",
          "cocob",
        ],
      },
    ]
  `);
});

it("every key of a conf that runs is among them", async () => {
  const { conf } = await resolveRequest({ algo: "darts", dataset: "shapes" }, nodeHost("/nowhere"));
  const paths = (section: object, prefix: string): string[] =>
    Object.entries(section as Conf).flatMap(([key, value]) => {
      const isSection = typeof value === "object" && value !== null && !Array.isArray(value);
      return [prefix + key, ...(isSection ? paths(value, `${prefix}${key}.`) : [])];
    });
  const listed = new Set(keys.map(({ path }) => path));
  // Settings of a builder are its own: no schema knows them.
  const wanted = paths(conf, "").filter((path) => !/\.params\.|(^|\.)_/.test(path));
  expect(wanted.filter((path) => !listed.has(path))).toEqual([]);
});
