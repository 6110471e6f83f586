import { defineConfig } from "vitest/config";
import { reporters } from "./test/support/reporters.ts";

/** What builds, packs and installs the package as a stranger would. */
export default defineConfig({
  test: {
    include: ["test/**/*.package.test.ts"],
    reporters: reporters(),
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
