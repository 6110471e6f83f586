// Adds up the reports of test runs in a folder and the steps given as "name: passed" or "name: failed"; exits with 1 if anything failed.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, ...steps] = process.argv.slice(2);
let [passed, failed, skipped] = [0, 0, 0];
for (const name of ["test.json", "package.json"]) {
  const file = join(folder, name);
  if (!existsSync(file)) {
    console.log(`${name}: the tests ended without a report`);
    failed++;
    continue;
  }
  const { numPassedTests, numFailedTests, numPendingTests, success } = JSON.parse(readFileSync(file, "utf8"));
  passed += numPassedTests;
  // A file that cannot be loaded fails without a test in it.
  failed += success ? numFailedTests : Math.max(1, numFailedTests);
  skipped += numPendingTests;
}
for (const step of steps) {
  console.log(step);
  if (step.endsWith(": passed")) passed++;
  else failed++;
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed > 0 ? 1 : 0;
