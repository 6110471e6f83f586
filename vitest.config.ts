import { defineConfig } from "vitest/config";
import { reporters } from "./test/support/reporters.ts";

export default defineConfig({
  // Examples import the package by its name; tests run them on the source.
  resolve: { alias: { "medclip-sam": new URL("./src/index.ts", import.meta.url).pathname } },
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/*.{slow,package}.test.ts", "**/node_modules/**"],
    reporters: reporters(),
    // ONNX Runtime is native code that uses its own threads: one process a file keeps a crash from taking the other files along.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
