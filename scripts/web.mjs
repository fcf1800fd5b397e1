/** Builds what a browser loads: the element's bundle with its types, then the site, which contains the element. */
import { fileURLToPath } from "node:url";
import { isNewerThan } from "./changes.mjs";
import { runNode } from "./child.mjs";
import { withLock } from "./lock.mjs";
import { lockPath } from "./setup.mjs";

const SOURCES = [
  "src",
  "shaders",
  "confs",
  "public",
  "index.html",
  "package.json",
  "scripts",
  "tsconfig.element.json",
  "vite.element.config.ts",
  "vite.policy.ts",
  "vite.web.config.ts",
];
const BUILT = "dist/web/index.html";

const VITE = "node_modules/vite/bin/vite.js";
const BUILDS = [
  [VITE, "build", "--config", "vite.element.config.ts", "--logLevel", "warn"],
  ["scripts/element-types.mjs"],
  [VITE, "build", "--config", "vite.web.config.ts", "--logLevel", "warn"],
];
const SIZES = ["scripts/size.mjs"];

/** Builds unless nothing has changed since the last time, then holds sizes to their budget. @returns exit code */
export async function ensureWeb() {
  const code = await withLock(lockPath("web"), () => (isCurrent() ? 0 : runAll(BUILDS)));
  return code || runNode(SIZES, {});
}

/** @returns exit code of the first that fails, else 0 */
async function runAll(commands) {
  for (const command of commands) {
    const code = await runNode(command, {});
    if (code !== 0) return code;
  }
  return 0;
}

const isCurrent = () => isNewerThan(BUILT, SOURCES);

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await runAll([...BUILDS, SIZES]);
