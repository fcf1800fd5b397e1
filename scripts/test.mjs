/**
 * `npm test [-- unit|gpu|oracle|browser|tabs|reliability … [vitest arguments]]`. Without project names it checks types and style too
 * and runs every project. Projects that need no adapter run without looking for one; for the browser's, what it loads is built.
 *
 * The browser's tests mostly wait for one thread, which compiles shaders. So they run beside others, and what they print comes
 * last.
 */
import { main, runNode } from "./child.mjs";
import { ensureAdapter, ensureChromium, ensureDependencies } from "./setup.mjs";
import { ensureWeb } from "./web.mjs";

/** Projects that run one after another; the lanes run side by side, and take about as long. */
const LANES = [["gpu"], ["unit", "reliability", "browser", "tabs", "oracle"]];
const PROJECTS = LANES.flat();

await main(async () => {
  const given = process.argv.slice(2);
  const rest = given.findIndex((word) => !PROJECTS.includes(word));
  const projects = rest < 0 ? given : given.slice(0, rest);
  await ensureDependencies();
  const includes = (name) => projects.length === 0 || projects.includes(name);
  let env = {};
  if (["gpu", "oracle", "reliability"].some(includes)) ({ env } = await ensureAdapter());
  const browses = ["browser", "tabs"].some(includes);
  if (browses) env = { ...env, ...(await ensureChromium()) };
  if (projects.length === 0) {
    const checks = [
      ["node_modules/typescript/bin/tsc", "--noEmit"],
      ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
    ];
    for (const check of checks) {
      const code = await runNode(check, env);
      if (code !== 0) return code;
    }
  }
  if (browses) {
    const code = await ensureWeb();
    if (code !== 0) return code;
  }
  const vitest = (names, after) => {
    const selected = names.flatMap((name) => ["--project", name]);
    return runNode(["node_modules/vitest/vitest.mjs", "run", ...selected, ...given.slice(projects.length)], env, after);
  };
  const lanes = LANES.map((names) => names.filter(includes)).filter((names) => names.length > 0);
  // Vitest's own arguments may name tests that only one of two runs would have.
  if (given.length > projects.length || lanes.length < 2) return vitest(projects);
  const first = vitest(lanes[0]);
  const codes = await Promise.all([first, vitest(lanes[1], first)]);
  return codes.find((code) => code !== 0) ?? 0;
});
