/** `npm run bench [-- --workload first|toy …]`: builds bench/ and times a supernet step. */
import { main, runNode } from "./child.mjs";
import { ensureAdapter, ensureDependencies } from "./setup.mjs";

await main(async () => {
  await ensureDependencies();
  const { env } = await ensureAdapter();
  const built = await runNode(
    [
      "node_modules/vite/bin/vite.js",
      "build",
      "--ssr",
      "bench/main.ts",
      "--outDir",
      "dist/bench",
      "--logLevel",
      "warn",
    ],
    {},
  );
  return built === 0 ? runNode(["dist/bench/main.js", ...process.argv.slice(2)], env) : built;
});
