import { defineConfig } from "vite";

// The command line is an SSR build: one ES module for Node, dependencies left in node_modules.
export default defineConfig({
  publicDir: false,
  build: {
    ssr: "src/cli/main.ts",
    outDir: "dist/node",
    target: "node20",
    minify: false,
    sourcemap: true,
    emptyOutDir: true,
  },
});
