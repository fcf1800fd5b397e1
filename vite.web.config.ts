import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { defineConfig, type Plugin } from "vite";
import { common, element } from "./vite.element.config.ts";

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
  worker: common.worker,
  server: { host: "127.0.0.1" },
  preview: { host: "127.0.0.1" },
  build: { ...common.build, outDir: "dist/web" },
});
