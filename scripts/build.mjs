/** Builds the command line of a checkout when its sources have changed since the last build. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { isNewerThan } from "./changes.mjs";
import { withLock } from "./lock.mjs";
import { lockPath, ROOT, SetupError } from "./setup.mjs";

const SOURCES = ["src", "shaders", "vite.config.ts", "package.json"];
const OUT = join(ROOT, "dist/node");

/** Brings dist/node up to date, quietly. Throws SetupError with the bundler's output if the sources do not build. */
export async function ensureBuild() {
  if (isCurrent()) return;
  try {
    await withLock(lockPath("build"), () => {
      if (!isCurrent()) build();
    });
  } catch (error) {
    if (!["EACCES", "EPERM", "EROFS"].includes(error.code)) throw error;
    throw new SetupError(`cannot write ${error.path}: run "npm run build" once as a user who may write this checkout`);
  }
}

const isCurrent = () => isNewerThan("dist/node/main.js", SOURCES);

/** Builds beside dist/node and swaps by renaming: whoever starts meanwhile finds the old build or the new one. */
function build() {
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  const started = new Date();
  const fresh = mkdtempSync(join(ROOT, "dist/.node-"));
  const args = [
    join(ROOT, "node_modules/vite/bin/vite.js"),
    "build",
    "--outDir",
    fresh,
    "--emptyOutDir",
    "--logLevel",
    "warn",
  ];
  const done = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  if (done.status !== 0) {
    rmSync(fresh, { recursive: true });
    throw new SetupError(`the sources do not build:\n${done.stderr}${done.stdout}`);
  }
  // Dated from before the build, so that a file edited meanwhile counts as newer.
  utimesSync(join(fresh, "main.js"), started, started);
  const old = `${fresh}-old`;
  if (existsSync(OUT)) renameSync(OUT, old);
  renameSync(fresh, OUT);
  rmSync(old, { recursive: true, force: true });
}
