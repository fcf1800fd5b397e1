/** `npm run bench [-- arguments of "supernet bench"]`: times a supernet step, from a fresh checkout. */
import { main, runNode } from "./child.mjs";
import { ensureAdapter, ensureDependencies } from "./setup.mjs";

await main(async () => {
  await ensureDependencies();
  const { env } = await ensureAdapter();
  return runNode(["bin/supernet.mjs", "bench", ...process.argv.slice(2)], env);
});
