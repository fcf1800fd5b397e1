import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-consumer-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(ROOT, join(folder, "node_modules/supernet"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** What the compiler says of a program that uses the package, with nothing else installed. */
async function compile(program: string): Promise<string> {
  await writeFile(join(folder, "program.ts"), program);
  const compilerOptions = {
    module: "ESNext",
    moduleResolution: "bundler",
    target: "ES2023",
    lib: ["ES2023", "DOM"],
    strict: true,
    noEmit: true,
    types: [],
    preserveSymlinks: true,
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  return spawnSync(process.execPath, [tsc, "-p", folder], { cwd: folder, encoding: "utf8" }).stdout;
}

it("the built element has types of its own", async () => {
  const program = `
    import { SupernetSearch, type SupernetSearchEventMap } from "supernet/element";
    const element = document.querySelector("supernet-search")!;
    element.overrides = "--common.seed 3";
    await element.start();
    declare const done: SupernetSearchEventMap["supernet-done"];
    export const seed: number = done.detail.seed;
    new SupernetSearch().preset = "full";
  `;
  expect(await compile(program)).toBe("");
  expect(await compile(`${program} element.preset = "huge";`)).toContain(
    `'"huge"' is not assignable to type '"full" | "toy"'`,
  );
});
