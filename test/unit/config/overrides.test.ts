import { describe, expect, it } from "vitest";
import { failure, load } from "./memory.ts";

const text = `
common: {seed: 2.0, epochs: 600, debug: False, name: base, tags: [a], redis: null, decay_bn: .NaN}
dirs: {log: /tmp, out: /out}
trainer: {title: t, optimizer: {lr: 0.1}}
copied: {_copy: /trainer}
whole: '_copy: /dirs'
`;
const override = async (...args: string[]) =>
  (await load(text, { args })).tree as Record<string, Record<string, unknown>>;
const message = (...args: string[]) => failure(load(text, { args }));

describe("overrides", () => {
  it("take the type of what they replace", async () => {
    const { common } = await override(
      ...["--common.seed", "3", "--common.epochs", "1_000", "--common.debug", "yes", "--common.name", "7"],
      ...["--common.tags", "xy", "--common.decay_bn", "1e-5"],
    );
    expect(common).toMatchObject({ seed: 3, epochs: 1000, debug: true, name: "7", tags: ["x", "y"], decay_bn: 1e-5 });
  });

  it("may be written with =, be negative, empty or not finite", async () => {
    const { common } = await override("--common.epochs=-3", "--common.name=", "--common.seed", "-inf");
    expect(common).toMatchObject({ epochs: -3, name: "", seed: -Infinity });
    expect((await override("--common.seed", "nan")).common!.seed).toBeNaN();
    expect((await override("--common.name", "--x")).common!.name).toBe("--x");
  });

  it("give a list in YAML, else its characters", async () => {
    expect((await override("--common.tags", "[0.5, x]")).common!.tags).toEqual([0.5, "x"]);
    expect((await override("--common.tags", "")).common!.tags).toEqual([]);
  });

  it("reach into copied sections without touching the source, and copies follow their source", async () => {
    const inCopy = await override("--copied.optimizer.lr", "9", "--whole.log", "here");
    expect(inCopy).toMatchObject({
      trainer: { optimizer: { lr: 0.1 } },
      copied: { title: "t", optimizer: { lr: 9 } },
      dirs: { log: "/tmp" },
      whole: { log: "here", out: "/out" },
    });
    const inSource = await override("--trainer.optimizer.lr", "9");
    expect(inSource).toMatchObject({ copied: { optimizer: { lr: 9 } } });
  });

  it("may be a word where the schema has one beside a number", async () => {
    const conf = "nas: {eval: {trainer: {batch_chunks: 1, epochs: 2}}}";
    const { tree } = await load(conf, { args: ["--nas.eval.trainer.batch_chunks", "auto"] });
    expect(tree).toEqual({ nas: { eval: { trainer: { batch_chunks: "auto", epochs: 2 } } } });
    const said = (key: string, value: string) => failure(load(conf, { args: [`--nas.eval.trainer.${key}`, value] }));
    expect(await said("batch_chunks", "many")).toMatchInlineSnapshot(
      `"SupernetError: --nas.eval.trainer.batch_chunks: expected an integer like 1, or auto, got "many""`,
    );
    expect(await said("epochs", "auto")).toMatchInlineSnapshot(
      `"SupernetError: --nas.eval.trainer.epochs: expected an integer like 2, got "auto""`,
    );
  });

  it("are checked against the type", async () => {
    expect(await message("--common.epochs", "1.5")).toMatchInlineSnapshot(
      `"SupernetError: --common.epochs: expected an integer like 600, got "1.5""`,
    );
    expect(await message("--common.debug", "maybe")).toMatchInlineSnapshot(
      `"SupernetError: --common.debug: expected true or false like false, got "maybe""`,
    );
    expect(await message("--common.seed", "")).toMatchInlineSnapshot(
      `"SupernetError: --common.seed: expected a number like 2, got """`,
    );
    expect(await message("--common.redis", "host")).toMatchInlineSnapshot(
      `"SupernetError: --common.redis: cannot override null with "host": a null has no type to read the value by; set it in a yaml file added with ';'"`,
    );
    expect(await message("--trainer.optimizer", "sgd")).toMatchInlineSnapshot(
      `"SupernetError: --trainer.optimizer is a section; set one of its keys: lr"`,
    );
  });

  it("must name something in the conf", async () => {
    expect(await message("--common.sede", "3")).toMatchInlineSnapshot(
      `"SupernetError: --common.sede: the conf has no such key; did you mean --common.seed?"`,
    );
    expect(await message("--trainr.optimizer.lr", "3")).toMatchInlineSnapshot(
      `"SupernetError: --trainr.optimizer.lr: the conf has no such key; did you mean --trainer.optimizer.lr?"`,
    );
    expect(await message("--epochs", "3")).toMatchInlineSnapshot(
      `"SupernetError: --epochs: the conf has no such key; did you mean --common.epochs?"`,
    );
    expect(await message("--common.seed.x", "3")).toMatchInlineSnapshot(
      `"SupernetError: --common.seed.x: the conf has no such key; did you mean --common.seed?"`,
    );
    expect(await message("--common.quite_another", "3")).toMatchInlineSnapshot(
      `"SupernetError: --common.quite_another: the conf has no such key; in common: valid here: debug, decay_bn, epochs, name, redis, seed, tags"`,
    );
    expect(await message("stray", "--common.seed", "3")).toMatchInlineSnapshot(
      `"SupernetError: unexpected argument "stray": overrides are written --path.to.key value"`,
    );
    expect(await message("--common.seed")).toMatchInlineSnapshot(`"SupernetError: --common.seed: a value must follow"`);
  });

  it("are skipped where they name nothing, if that is allowed", async () => {
    const args = ["--no.such", "--common.seed", "5", "stray", "--common.none=3", "--common.epochs"];
    const { tree } = await load(text, { args, allowUnknown: true });
    expect(tree).toMatchObject({ common: { seed: 5, epochs: 600 } });
    expect(tree).not.toHaveProperty("no");
    expect(tree).not.toHaveProperty("common.none");
  });
});
