#!/usr/bin/env node
import { tooOld } from "./node-version.ts";

// Everything imported here must parse and run on Node 14 and later: only the version check, in syntax of that time.
const problem = tooOld(process.versions.node);
if (problem === undefined) {
  import("./program.ts").then(({ runProgram }) => runProgram());
} else {
  process.stderr.write(`error: ${problem}\n`);
  process.exitCode = 2;
}
