import { defineConfig, type UserConfig } from "vite";

export const element = {
  entry: "src/web/element/index.ts",
  fileName: "supernet-search.js",
  outDir: "dist/element",
};

/** Of the element and of the site. */
export const common = {
  // TensorFlow.js is fetched as a whole or not at all: parts of it import each other either way.
  worker: { format: "es", rolldownOptions: { checks: { pluginTimings: false, ineffectiveDynamicImport: false } } },
  build: {
    target: "es2023",
    emptyOutDir: true,
    reportCompressedSize: false,
    // Most of a build is bundling the worker, which is a build of its own.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
} satisfies UserConfig;

// The element as a library: one module to load, and beside it what that loads when it is needed.
export default defineConfig({
  base: "./",
  publicDir: false,
  worker: common.worker,
  build: {
    ...common.build,
    lib: { entry: element.entry, formats: ["es"], fileName: () => element.fileName },
    outDir: element.outDir,
  },
});
