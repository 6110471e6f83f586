import { existsSync } from "node:fs";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { shared } from "./shared-data.ts";

/** Accepted reasons for a skip when the shared data are present. */
const allowed = [/decodes to other bytes/, /a plain decoder gives other pixels/, /Vulkan/i, /Chromium/i, /needs \d+ GiB/, /off Linux/];

/** Lists how many tests were skipped and why; if the shared data are present, a skip for another reason fails the run. */
export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = new Map<string, number>();
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) counts.set(reasonOf(test), (counts.get(reasonOf(test)) ?? 0) + 1);
    }
    if (counts.size === 0) return;
    console.log("\nSkipped:");
    for (const [reason, count] of counts) console.log(`  ${count} x ${reason}`);
    const unexpected = [...counts.keys()].filter((reason) => !allowed.some((pattern) => pattern.test(reason)));
    if (unexpected.length === 0 || !existsSync(shared)) return;
    console.error(`"${shared}" is there, so these tests should have run: ${unexpected.join("; ")}`);
    process.exitCode = 1;
  }
}

/** The reason that a test gave when it skipped itself, else its title with those of its groups. */
function reasonOf(test: TestCase): string {
  const result = test.result();
  return (result.state === "skipped" && result.note) || test.fullName;
}
