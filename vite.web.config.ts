import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { defineConfig, type Plugin } from "vite";
import { element } from "./vite.element.config.ts";

/**
 * The demos in public/ load the element as anyone would, from `./element/supernet-search.js`: the built bundle in the
 * built site, its source while developing.
 */
const elementForDemos: Plugin = {
  name: "element-for-demos",
  configureServer(server) {
    server.middlewares.use((request, _response, next) => {
      if (request.url?.startsWith(`/element/${element.fileName}`)) request.url = `/${element.entry}`;
      next();
    });
  },
  async writeBundle({ dir }) {
    if (existsSync(element.outDir)) await cp(element.outDir, `${dir}/element`, { recursive: true });
  },
};

// The page and the demos: a static site that runs from any folder of any server.
export default defineConfig({
  base: "./",
  plugins: [elementForDemos],
  // TensorFlow.js is fetched as a whole or not at all: parts of it import each other either way.
  worker: { format: "es", rolldownOptions: { checks: { pluginTimings: false, ineffectiveDynamicImport: false } } },
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
  build: {
    outDir: "dist/web",
    target: "es2023",
    emptyOutDir: true,
    reportCompressedSize: false,
    // Most of a build is bundling the worker, which is a build of its own.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
