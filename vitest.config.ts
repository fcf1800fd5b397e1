import { defineConfig } from "vitest/config";

// Dawn is a native module that owns a GPU device: each test file gets a process of its own, and the two
// GPU projects run one file at a time because a software adapter already uses every core.
// The first run on a machine compiles every pipeline: minutes for some tests on a software adapter.
const shared = { pool: "forks" as const, testTimeout: 400_000, hookTimeout: 400_000 };

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { test: { ...shared, name: "gpu", include: ["test/gpu/**/*.test.ts"], fileParallelism: false } },
      { test: { ...shared, name: "oracle", include: ["test/oracle/**/*.test.ts"], fileParallelism: false } },
      { test: { ...shared, name: "reliability", include: ["test/reliability/**/*.test.ts"], fileParallelism: false } },
      { test: { ...shared, name: "browser", include: ["test/browser/*.test.ts"], fileParallelism: false } },
      { test: { ...shared, name: "tabs", include: ["test/browser/reliability/*.test.ts"], fileParallelism: false } },
    ],
  },
});
