import type { ViteUserConfig } from "vitest/config";
import { SkipReporter } from "./skip-reporter.ts";

/** Reporters of a test run; with TEST_REPORT=FILE.json its counts are also written there. */
export function reporters(): NonNullable<NonNullable<ViteUserConfig["test"]>["reporters"]> {
  const outputFile = process.env.TEST_REPORT;
  const always = ["default", new SkipReporter()] as const;
  return outputFile === undefined ? [...always] : [...always, ["json", { outputFile }]];
}
