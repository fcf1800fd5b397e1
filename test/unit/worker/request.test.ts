import { describe, expect, it } from "vitest";
import { nodeHost } from "../../../src/worker/node-host.ts";
import { checkConf, resolveRequest } from "../../../src/worker/request.ts";

const host = nodeHost("/nowhere");
const resolve = (more: object = {}) => resolveRequest({ algo: "darts", dataset: "shapes", ...more }, host);
const failure = (more: object) =>
  resolve(more).then(
    () => "",
    (error: unknown) => String(error),
  );

describe("resolveRequest", () => {
  it("takes toy settings and both phases unless it is told otherwise", async () => {
    const toy = await resolve();
    expect(toy).toMatchObject({ name: "darts_shapes_toy", phases: ["search", "eval"] });
    expect(toy.conf.nas.search.trainer.epochs).toBe(2);
    const full = await resolve({ full: true, phases: ["eval"] });
    expect(full).toMatchObject({ name: "darts_shapes_full", phases: ["eval"] });
    expect(full.conf.nas.search.trainer.epochs).toBe(50);
  });

  it("takes a conf's text as it is, whatever it once included, and overrides on top", async () => {
    const { confText } = await resolve({ overrides: ["--nas.search.trainer.epochs", "7"] });
    expect(confText).toContain("__include__");
    const again = await resolve({ confText, prefix: "mine", overrides: ["--nas.eval.trainer.epochs", "9"] });
    expect(again.name).toBe("darts_shapes_mine");
    expect(again.conf.nas.search.trainer.epochs).toBe(7);
    expect(again.conf.nas.eval.trainer.epochs).toBe(9);
  });

  it("leaves out the search of an algorithm that has none", async () => {
    expect(await resolve({ algo: "manual" })).toMatchObject({ phases: ["eval"], leftOut: ["search"] });
    expect(await resolve({ algo: "manual", phases: ["eval"] })).toMatchObject({ phases: ["eval"], leftOut: [] });
    expect(await resolve()).toMatchObject({ leftOut: [] });
    expect(await failure({ algo: "nasbench101", phases: ["search"] })).toMatchInlineSnapshot(
      `"SupernetError: nasbench101 has nothing to search: let its evaluation run"`,
    );
  });

  it("refuses hand-written networks that do not exist, with any algorithm, and none at all where one is needed", async () => {
    const spec = (algo: string, name: string) => failure({ algo, overrides: ["--nas.eval.model_factory_spec", name] });
    expect([
      await spec("darts", "resnet81"),
      await spec("manual", "resnet81"),
      await spec("manual", ""),
    ]).toMatchInlineSnapshot(`
      [
        "SupernetError: there is no hand-written network "resnet81"; did you mean "resnet18"?",
        "SupernetError: there is no hand-written network "resnet81"; did you mean "resnet18"?",
        "SupernetError: manual has no network to train: name one with nas.eval.model_factory_spec, such as resnet18, or a description with nas.eval.final_desc_filename",
      ]
    `);
    expect(await spec("darts", "resnet18")).toBe("");
  });

  it("says what is wrong", async () => {
    expect([
      await failure({ algo: "drats" }),
      await failure({ dataset: "cifra10" }),
      await failure({ prefix: "a/b" }),
      await failure({ dataset: "..\\b", confText: "{}" }),
      await failure({ phases: [] }),
      await failure({ overrides: ["--nas.search.trainer.epoch", "3"] }),
      await failure({ confText: "nas: [" }),
    ]).toMatchInlineSnapshot(`
      [
        "SupernetError: there is no algorithm "drats"; did you mean "darts"?",
        "SupernetError: there is no data set "cifra10"; did you mean "cifar10"?",
        "SupernetError: the prefix "a/b" names folders: leave slashes out",
        "SupernetError: the data set "..\\b" names folders: leave slashes out",
        "SupernetError: there is nothing to run: name search, eval or both",
        "SupernetError: --nas.search.trainer.epoch: the conf has no such key; did you mean --nas.search.trainer.epochs?",
        "SupernetError: conf.yaml:1:7: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]",
      ]
    `);
  });
});

describe("checkConf", () => {
  it("finds nothing wrong with what was resolved", async () => {
    expect(await checkConf((await resolve()).confText)).toEqual([]);
  });

  it("names every wrong key and value with its place", async () => {
    const { confText } = await resolve();
    const lines = confText.split("\n");
    const at = (text: string) => lines.findIndex((line) => line.includes(text)) + 1;
    const wrong = confText.replace("n_nodes: 2", "n_nodes: two").replace("stem_multiplier:", "stem_multipler:");
    expect(await checkConf(wrong)).toEqual([
      expect.objectContaining({ message: expect.stringContaining("stem_multiplier is missing") }),
      expect.objectContaining({
        line: at("stem_multiplier:"),
        message: expect.stringContaining('did you mean "stem_multiplier"?'),
      }),
      expect.objectContaining({ line: at("n_nodes: 2"), message: expect.stringContaining("expected an integer") }),
    ]);
  });

  it("stops at what is no YAML", async () => {
    expect(await checkConf("nas:\n  search: [1\n")).toEqual([
      { line: 3, column: 1, message: expect.stringMatching(/^not valid YAML: /) },
    ]);
  });
});
