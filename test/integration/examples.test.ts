import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { nanoModels, writeDisc } from "../support/tiny-run.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-example-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("examples/zero-shot.ts goes from a text to a mask and says what it found", async () => {
  const { clip, sam } = await nanoModels();
  await writeDisc(join(folder, "scan.png"), 1);
  const lines: string[] = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const argv = process.argv;
  process.argv = [argv[0]!, "zero-shot.ts", clip, sam, join(folder, "scan.png"), "dark lesion", join(folder, "out")];
  await import(resolve("examples/zero-shot.ts"));
  process.argv = argv;
  vi.restoreAllMocks();
  expect(existsSync(join(folder, "out", "mask.png"))).toBe(true);
  expect(existsSync(join(folder, "out", "overlay.png"))).toBe(true);
  expect(lines[0]).toMatch(/^score 0\.\d{3}, boxes \[\{/);
});
