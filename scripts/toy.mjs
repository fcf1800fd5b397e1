/** `npm run toy [-- arguments of "supernet run"]`: DARTS toy search and evaluation, from a fresh checkout. */
import { main, runNode } from "./child.mjs";
import { ensureAdapter, ensureDependencies } from "./setup.mjs";

await main(async () => {
  await ensureDependencies();
  const { adapter, env } = await ensureAdapter();
  process.stderr.write(`adapter: ${adapter.description || adapter.device} (${adapter.kind})\n`);
  const given = process.argv.slice(2);
  return runNode(["bin/supernet.mjs", "run", "--algos", "darts", "--datasets", "shapes", ...given], env);
});
