import { defineConfig } from "vite";

// The command line is an SSR build for Node, dependencies left in node_modules: the program, and the threads it starts.
export default defineConfig({
  publicDir: false,
  build: {
    ssr: true,
    rolldownOptions: {
      input: { main: "src/cli/main.ts", worker: "src/worker/node.ts", "job-worker": "src/worker/job-node.ts" },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    },
    outDir: "dist/node",
    target: "node20",
    minify: false,
    sourcemap: true,
    emptyOutDir: true,
  },
});
