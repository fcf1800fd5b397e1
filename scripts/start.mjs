/** `npm start [-- arguments of "vite"]`: serves the page with hot reload, from a fresh checkout. */
import { main, runNode } from "./child.mjs";
import { ensureDependencies } from "./setup.mjs";

await main(async () => {
  await ensureDependencies();
  return runNode(["node_modules/vite/bin/vite.js", "--config", "vite.web.config.ts", ...process.argv.slice(2)], {});
});
