import { defineConfig } from "vitest/config";
import { isolatedTests } from "./test/support/isolated-tests.ts";
import { oneCore } from "./test/support/one-core.ts";
import { reporters } from "./test/support/reporters.ts";

const include = ["src/**/*.test.ts", "test/**/*.test.ts"];
const exclude = ["**/*.{slow,package}.test.ts", "**/node_modules/**"];
const isolated = isolatedTests(import.meta.dirname, ["src", "test"]);

export default defineConfig({
  // Examples import the package by its name; tests run them on the source.
  resolve: { alias: { "medclip-sam": new URL("./src/index.ts", import.meta.url).pathname } },
  test: {
    reporters: reporters(),
    // ONNX Runtime is native code that uses its own threads: in processes, a crash takes few files along.
    pool: "forks",
    maxWorkers: 2,
    execArgv: [oneCore],
    // For the commands that tests start.
    env: { NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ""} ${oneCore}` },
    // Only for tests that hang: a machine may be slow, or busy.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    projects: [
      // Most files share processes: starting one and loading the modules costs more than most files' tests.
      { extends: true, test: { name: "shared", isolate: false, include, exclude: [...exclude, ...isolated] } },
      { extends: true, test: { name: "isolated", include: isolated, exclude } },
    ],
  },
});
