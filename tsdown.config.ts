import { defineConfig } from "tsdown";

/** Public entry points of package.json's `exports`. */
const library = ["src/index.ts", "src/graph/index.ts", "src/nn/index.ts"];

/** The command, and the program of the child process in which it does its long work. */
const programs = ["src/cli/main.ts", "src/cli/worker.ts"];

export default defineConfig({
  entry: [...library, ...programs],
  format: "esm",
  platform: "node",
  target: "node20.19",
  fixedExtension: false,
  dts: { entry: library },
  outputOptions: {
    chunkFileNames: "chunks/[name]-[hash].js",
    // Editors read doc comments in the types.
    comments: { jsdoc: false },
  },
  clean: true,
  logLevel: "warn",
});
