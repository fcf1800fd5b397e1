import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

// Dawn is a native module that owns a GPU device: each test file gets a process of its own, and the two
// GPU projects run one file at a time because a software adapter already uses every core.
// The first run on a machine compiles every pipeline: minutes for some tests on a software adapter.
const shared = { pool: "forks" as const, testTimeout: 400_000, hookTimeout: 400_000 };

/**
 * Tests that compute on lavapipe compile most of the time. Without LLVM's optimizations, and with vectors of 128 bits, it compiles
 * in half the processor time and less what runs more slowly (empty cache: kernels.test.ts on its depthwise and pointwise ops 123 s
 * instead of 222 s without optimizations, on its depthwise and mixed ops 68 s instead of 102 s with the vectors; passes.test.ts
 * 64 s instead of 94 s with both). The arithmetic is the same. What it compiles so must not reach other processes through Mesa's
 * cache, whose keys do not tell these apart. Other drivers read none of the variables. No longer needed when CI has a GPU.
 * https://docs.mesa3d.org/envvars.html
 */
const compiledQuickly = {
  GALLIVM_PERF: "nopt",
  LP_NATIVE_VECTOR_WIDTH: "128",
  MESA_SHADER_CACHE_DIR: join(process.env.MESA_SHADER_CACHE_DIR ?? tmpdir(), "supernet-tests-quickly-compiled-shaders"),
};

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: "unit", include: ["test/unit/**/*.test.ts"] } },
      {
        test: {
          ...shared,
          env: compiledQuickly,
          name: "gpu",
          include: ["test/gpu/**/*.test.ts"],
          fileParallelism: false,
        },
      },
      {
        test: {
          ...shared,
          env: compiledQuickly,
          name: "oracle",
          include: ["test/oracle/**/*.test.ts"],
          fileParallelism: false,
        },
      },
      { test: { ...shared, name: "browser", include: ["test/browser/**/*.test.ts"], fileParallelism: false } },
    ],
  },
});
