#!/usr/bin/env node
import { tooOld } from "./node-version.ts";

// Whatever is imported here is parsed and run by any Node since 14: nothing but the check of its version, in the words of that time.
const problem = tooOld(process.versions.node);
if (problem === undefined) {
  import("./program.ts").then(({ runProgram }) => runProgram());
} else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = 2;
}
