import { defineConfig, type UserConfig } from "tsdown";

/** Public entry points of package.json's `exports`. */
const library = ["src/index.ts", "src/graph/index.ts", "src/nn/index.ts"];

/** The same for browsers, where `#runtime` and `#files` are other files. */
const browserLibrary = ["src/browser.ts", "src/graph/index.ts", "src/nn/index.ts"];

/** The command and what it loads on a Node that is new enough, the program of the child process in which it does its long work, and those of threads. */
const programs = [
  "src/cli/main.ts",
  "src/cli/program.ts",
  "src/jobs/worker.ts",
  "src/data/worker.ts",
  "src/dicom/codecs/worker.ts",
  "src/train/supervised/worker.ts",
];

const shared: UserConfig = {
  format: "esm",
  fixedExtension: false,
  outputOptions: {
    chunkFileNames: "chunks/[name]-[hash].js",
    // Editors read doc comments in the types.
    comments: { jsdoc: false },
  },
  // Warnings of the types of the browser build name files of Node that it does not hold.
  logLevel: "error",
};

export default defineConfig([
  {
    ...shared,
    entry: [...library, ...programs],
    platform: "node",
    target: "node20.19",
    dts: { entry: library },
    clean: ["dist"],
  },
  {
    ...shared,
    entry: browserLibrary,
    outDir: "dist/browser",
    platform: "browser",
    target: "es2023",
    // The graph and the layers have the types of the build for Node.
    dts: { entry: ["src/browser.ts"] },
    clean: false,
  },
]);
