import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { settingsPages } from "../../scripts/settings-pages.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("the settings pages match the schemas; if not, run `npm run docs:settings`", async () => {
  const kept = "docs/reference/settings";
  const pages = await settingsPages();
  expect(readdirSync(kept).sort()).toEqual([...pages.keys()].sort());
  for (const [file, text] of pages) expect(readFileSync(join(kept, file), "utf8")).toBe(text);
});

test("check:links reports each link to a missing file or heading, and ignores code", () => {
  mkdirSync(join(folder, "sub"));
  const lines = [
    "# Some `code` here",
    "[to itself](#some-code-here) [to a heading](sub/other.md#twice-1) [to a folder](sub)",
    "[no file](gone.md) [no heading](sub/other.md#thrice)",
    "`[code](gone.md)`",
    "```",
    "[code](gone.md)",
    "```",
    "[plain](http://example.org) [whole](https://example.org/page)",
  ];
  writeFileSync(join(folder, "page.md"), lines.join("\n"));
  writeFileSync(join(folder, "sub", "other.md"), "## Twice\n\n## Twice\n\n[up](../page.md)\n");
  const { status, stdout } = spawnSync(process.execPath, [".ci/check-links.mjs", folder], { encoding: "utf8" });
  expect(stdout.trimEnd().split("\n")).toEqual([
    'page.md:3: "gone.md" names no file',
    'page.md:3: "sub/other.md#thrice" names no heading of that file',
    'page.md:8: "http://example.org" is not an https address',
    "8 links, 3 bad",
  ]);
  expect(status).toBe(1);
});

test("every link of the documentation has a target, and the README stays below 8 kB", () => {
  expect(execFileSync(process.execPath, [".ci/check-links.mjs"], { encoding: "utf8" })).toContain(" 0 bad");
  expect(readFileSync("README.md").length).toBeLessThanOrEqual(8192);
});
