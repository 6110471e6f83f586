import { existsSync } from "node:fs";
import { defineConfig } from "tsdown";

/** Public entry points of package.json's `exports`. */
const library = {
  ...(existsSync("src/index.ts") && { index: "src/index.ts" }),
  "graph/index": "src/graph/index.ts",
  "nn/index": "src/nn/index.ts",
};

/** The command, and the program of the child process in which it does its long work. */
const programs = { "cli/main": "src/cli/main.ts", "cli/worker": "src/cli/worker.ts" };

export default defineConfig({
  entry: { ...library, ...programs },
  format: "esm",
  platform: "node",
  target: "node20.19",
  fixedExtension: false,
  dts: { entry: Object.values(library) },
  clean: true,
});
