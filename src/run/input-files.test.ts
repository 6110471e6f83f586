import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { entriesOf, hashInputs, stampsOf } from "./input-files.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-input-files-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("many inputs have one entry, which changes with any of them", async () => {
  const files = Array.from({ length: 9 }, (_, i) => join(folder, `${i}`));
  for (const file of files) writeFileSync(file, file);
  expect([entriesOf(files), entriesOf(files.slice(1))]).toEqual([1, 8]);
  const [before, ...more] = await hashInputs(files);
  expect(more).toEqual([]);
  const [stamp] = await stampsOf(files);
  expect((await hashInputs(files))[0]!.sha256).toBe(before!.sha256);
  writeFileSync(files[7]!, "other");
  utimesSync(files[7]!, 1, 1);
  expect((await hashInputs(files))[0]!.sha256).not.toBe(before!.sha256);
  expect((await stampsOf(files))[0]).not.toBe(stamp);
  rmSync(files[0]!);
  expect(await stampsOf(files)).toEqual([undefined]);
});
