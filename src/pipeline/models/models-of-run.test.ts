import { expect, test } from "vitest";
import { usableThreads } from "./models-of-run.ts";

test("threads beyond reason become one a core, with a warning; others are taken as asked for", () => {
  expect(usableThreads(undefined, 2)).toEqual({ warnings: [] });
  expect(usableThreads(1, 2)).toEqual({ threads: 1, warnings: [] });
  expect(usableThreads(8, 2)).toEqual({ threads: 8, warnings: [] });
  expect(usableThreads(10_000, 2)).toEqual({
    threads: 2,
    warnings: ["--threads 10000 is too many for the 2 cores of this machine: 2 are used"],
  });
});
