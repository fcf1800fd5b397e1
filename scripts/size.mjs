/**
 * `npm run size`: what has to be fetched to embed the element and to open the page, zipped as a server would send it.
 * Fails where the element is over its budget.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "./setup.mjs";

const DIST = join(ROOT, "dist");
const BUDGET = 350 * 1000;

/** Static imports, and the worker that a module names by its URL; `import(…)` is what is fetched later, if at all. */
const NEEDED = /(?:\bfrom|\bimport)\s*["'](\.[^"']+\.js)["']|new URL\(\s*(?:\/\*.*?\*\/\s*)?["'`]([^"'`]+\.js)["'`]/g;

const element = join(DIST, "element/supernet-search.js");
const page = join(DIST, "web/index.html");
for (const path of [element, page]) {
  if (existsSync(path)) continue;
  process.stderr.write(`${relative(process.cwd(), path)} is missing: run "npm run build" first\n`);
  process.exit(1);
}

const size = report("element", closure([element]), join(DIST, "element"));
const scripts = [...readFileSync(page, "utf8").matchAll(/src="(\.\/[^"]+\.js)"/g)].map(([, path]) =>
  join(DIST, "web", path),
);
report("page", closure(scripts), join(DIST, "web"));

if (size > BUDGET) {
  process.stderr.write(
    `the element is over its budget of ${kilobytes(BUDGET)}: load what not every search needs later\n`,
  );
  process.exitCode = 1;
}

/** Files that must be there before anything runs. */
function closure(entries) {
  const found = new Set(entries);
  for (const path of found) {
    for (const [, imported, worker] of readFileSync(path, "utf8").matchAll(NEEDED)) {
      // A bundler may write the URL of a worker from the site's root.
      const target = join(dirname(path), imported ?? worker);
      if (existsSync(target)) found.add(target);
      else throw new Error(`${path} needs ${target}, which is not there`);
    }
  }
  return found;
}

function report(what, needed, folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".js"));
  let total = 0;
  for (const name of files.sort()) {
    const path = join(folder, name);
    const bytes = gzipSync(readFileSync(path), { level: 9 }).length;
    if (needed.has(path)) total += bytes;
    process.stdout.write(
      `${kilobytes(bytes).padStart(10)}  ${needed.has(path) ? "at once" : "later  "}  ${relative(DIST, path)}\n`,
    );
  }
  process.stdout.write(`${kilobytes(total).padStart(10)}  the ${what} at once, gzip\n`);
  return total;
}

function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
