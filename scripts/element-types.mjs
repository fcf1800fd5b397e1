/**
 * Writes the types of the element's bundle to dist/element/types: of all declarations that the compiler makes, those
 * that the element's own refer to. The engine's are not among them.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { ROOT } from "./setup.mjs";

const OUT = join(ROOT, "dist/element/types");
const ENTRY = "web/element/index.d.ts";

const all = mkdtempSync(join(tmpdir(), "supernet-types-"));
try {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const args = [compiler, "-p", join(ROOT, "tsconfig.element.json"), "--outDir", all];
  const done = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (done.status !== 0) process.exit(done.status ?? 1);
  rmSync(OUT, { recursive: true, force: true });
  for (const path of reachable(join(all, ENTRY))) cpSync(path, join(OUT, relative(all, path)));
} finally {
  rmSync(all, { recursive: true });
}

/** A declaration file and everything that it refers to, directly or not. */
function reachable(entry) {
  const found = new Set([entry]);
  for (const path of found) {
    const text = readFileSync(path, "utf8");
    for (const [, name] of text.matchAll(/(?:from|import\() ?"(\.[^"]+)\.ts"/g)) {
      found.add(join(dirname(path), `${name}.d.ts`));
    }
  }
  return found;
}
