import type { ViteUserConfig } from "vitest/config";
import { SkipReporter } from "./skip-reporter.ts";

/** What a run of the tests says; with TEST_REPORT=FILE.json it also writes its counts there. */
export function reporters(): NonNullable<NonNullable<ViteUserConfig["test"]>["reporters"]> {
  const outputFile = process.env.TEST_REPORT;
  const always = ["default", new SkipReporter()] as const;
  return outputFile === undefined ? [...always] : [...always, ["json", { outputFile }]];
}
