/**
 * `npm test [-- unit|gpu|oracle … [vitest arguments]]`. Without project names it checks types and style too and runs
 * every project. Tests of projects that need no adapter run without looking for one.
 */
import { main, runNode } from "./child.mjs";
import { ensureAdapter, ensureDependencies } from "./setup.mjs";

const PROJECTS = ["unit", "gpu", "oracle"];

await main(async () => {
  const given = process.argv.slice(2);
  const rest = given.findIndex((word) => !PROJECTS.includes(word));
  const projects = rest < 0 ? given : given.slice(0, rest);
  await ensureDependencies();
  let env = {};
  if (projects.length !== 1 || projects[0] !== "unit") ({ env } = await ensureAdapter());
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
  const selected = projects.flatMap((name) => ["--project", name]);
  const vitest = ["node_modules/vitest/vitest.mjs", "run", ...selected, ...given.slice(projects.length)];
  return runNode(vitest, env);
});
