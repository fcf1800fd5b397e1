import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { defineConfig, type Plugin } from "vite";
import { common, element } from "./vite.element.config.ts";
import { headerPolicy, hotReloadPolicy } from "./vite.policy.ts";

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

/**
 * For this machine alone. Pages of other hosts whose names lead here are refused by the name they ask for; and a port that is
 * taken is told instead of changed, as a page's runs are kept by its origin, port and all.
 */
const local = { host: "127.0.0.1", strictPort: true, allowedHosts: [] };

// The page and the demos: a static site that runs from any folder of any server.
export default defineConfig({
  base: "./",
  plugins: [elementForDemos, hotReloadPolicy],
  worker: common.worker,
  server: local,
  preview: { ...local, headers: { "Content-Security-Policy": headerPolicy } },
  // The polyfill would fetch.
  build: { ...common.build, outDir: "dist/web", modulePreload: { polyfill: false } },
});
