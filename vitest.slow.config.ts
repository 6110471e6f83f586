import { defineConfig } from "vitest/config";
import { reporters } from "./test/support/reporters.ts";

/** Models of full size and whole recipes: gigabytes and minutes, so one file at a time. */
export default defineConfig({
  test: {
    include: ["src/**/*.slow.test.ts", "test/**/*.slow.test.ts"],
    reporters: reporters(),
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
