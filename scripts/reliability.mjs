/**
 * `npm run test:reliability [-- --long] [--markdown FILE] [vitest arguments]`: does every kind of damage and prints how many cases
 * of each were tried, survived and lost. Fails where one was lost.
 *
 * `--long` tries many more cases than `npm test` does; `--markdown` writes the table to a file too.
 */
import { resolve } from "node:path";
import { main, runNode } from "./child.mjs";
import { ensureAdapter, ensureChromium, ensureDependencies, SetupError } from "./setup.mjs";
import { ensureWeb } from "./web.mjs";

/** All tests that count cases, of whatever project. */
const TESTS = [
  "test/reliability/",
  "test/unit/fuzz/",
  "test/browser/decode.test.ts",
  "test/browser/hostile.test.ts",
  "test/browser/reliability/",
];

/** For one test of the long form, in milliseconds. */
const LONG_TIMEOUT = 3_600_000;

/** How many times more inputs the long form reads than the short one. */
const LONG_FUZZ = "20";

await main(async () => {
  const { long, markdown, rest } = parse(process.argv.slice(2));
  await ensureDependencies();
  const { env } = await ensureAdapter();
  const built = await ensureWeb();
  if (built !== 0) return built;
  const reporters = ["default", "./test/reliability/table.ts"].map((name) => `--reporter=${name}`);
  const patience = long ? [`--testTimeout=${LONG_TIMEOUT}`, `--hookTimeout=${LONG_TIMEOUT}`] : [];
  return runNode(["node_modules/vitest/vitest.mjs", "run", ...TESTS, ...reporters, ...patience, ...rest], {
    ...env,
    ...(await ensureChromium()),
    ...(long && { RELIABILITY_LONG: "1", FUZZ: process.env.FUZZ ?? LONG_FUZZ }),
    ...(markdown && { RELIABILITY_MARKDOWN: resolve(markdown) }),
  });
});

function parse(args) {
  const at = args.indexOf("--markdown");
  const markdown = at < 0 ? undefined : args[at + 1];
  if (at >= 0 && !markdown) throw new SetupError("--markdown wants the name of a file");
  const others = args.filter((_, index) => at < 0 || (index !== at && index !== at + 1));
  return { long: others.includes("--long"), markdown, rest: others.filter((word) => word !== "--long") };
}
