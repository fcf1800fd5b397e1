#!/usr/bin/env node
/**
 * The `supernet` command. In a checkout (recognised by its sources) the bundle is built first if it is missing or
 * out of date; an installed package brings its bundle along.
 */
import { existsSync } from "node:fs";

const here = (path) => new URL(path, import.meta.url);

async function prepare() {
  if (!existsSync(here("../src/cli/main.ts"))) return true;
  const { ensureDependencies, SetupError } = await import(here("../scripts/setup.mjs"));
  const { ensureBuild } = await import(here("../scripts/build.mjs"));
  try {
    await ensureDependencies();
    await ensureBuild();
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
    return false;
  }
}

if (await prepare()) await import(here("../dist/node/main.js"));
