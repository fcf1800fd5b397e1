/** Builds what a browser loads: the element's bundle with its types, then the site, which contains the element. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isNewerThan } from "./changes.mjs";
import { runNode } from "./child.mjs";
import { withLock } from "./lock.mjs";
import { lockPath, ROOT } from "./setup.mjs";

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
  "vite.web.config.ts",
];
const BUILT = "dist/web/index.html";

/** @returns exit code of the first step that failed, else 0 */
export async function buildWeb() {
  const vite = "node_modules/vite/bin/vite.js";
  const steps = [
    [vite, "build", "--config", "vite.element.config.ts", "--logLevel", "warn"],
    ["scripts/element-types.mjs"],
    [vite, "build", "--config", "vite.web.config.ts", "--logLevel", "warn"],
    ["scripts/size.mjs"],
  ];
  for (const step of steps) {
    const code = await runNode(step, {});
    if (code !== 0) return code;
  }
  return 0;
}

/** Builds unless nothing has changed since the last time. @returns exit code */
export async function ensureWeb() {
  return withLock(lockPath("web"), () => (isCurrent() ? 0 : buildWeb()));
}

const isCurrent = () =>
  isNewerThan(
    join(ROOT, BUILT),
    SOURCES.map((name) => join(ROOT, name)),
  );

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await buildWeb();
