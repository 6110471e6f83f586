import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tooOld } from "./node-version.ts";

test.each(["14.21.3", "16.20.2", "18.20.8", "20.18.9", "20.9.0"])("Node %s is too old", (version) => {
  expect(tooOld(version)).toBe(`Node ${version} is too old; 20.19 or later is needed`);
});

test.each(["20.19.0", "20.20.2", "22.0.0", "24.1.0", "100.0.0"])("Node %s is accepted", (version) =>
  expect(tooOld(version)).toBeUndefined(),
);

test("the minimum version is that of package.json", () => {
  const { engines } = JSON.parse(readFileSync("package.json", "utf8"));
  const [, version] = /^>=(\d+\.\d+)$/.exec(engines.node)!;
  expect(tooOld(`${version}.0`)).toBeUndefined();
  expect(tooOld("0.0.0")).toContain(`; ${version} or later`);
});
