import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { differenceOf, fingerprintOf } from "../../run/record/resume.ts";
import { samRecord, usableThreads } from "./models-of-run.ts";

test("two models in one file are distinguished, so that their results are not mixed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "medclip-sam-models-"));
  const file = join(folder, "both.pth");
  writeFileSync(file, "weights");
  const run = async (address: string) => ({
    ...{ command: "refine", settings: {} },
    weights: await samRecord({ samFiles: { weights: address, parts: [file], hints: {}, configs: [] } }),
  });
  const [any, one, other] = [await run(file), await run(`${file}#model.`), await run(`${file}#ema.`)];
  expect(one.weights.sam).toMatchObject({ file, under: "model." });
  expect(differenceOf(one, other)).toBe(
    'the model "sam" was the one under "model." in its file, now it is the one under "ema." in its file',
  );
  expect(differenceOf(any, one)).toMatch(/was the default one in its file, now it is the one under "model."/);
  expect(differenceOf(one, one)).toBeUndefined();
  expect(new Set([any, one, other].map(fingerprintOf)).size).toBe(3);
  rmSync(folder, { recursive: true });
});

test("too many threads become one per core, with a warning; other values are kept", () => {
  expect(usableThreads(undefined, 2)).toEqual({ warnings: [] });
  expect(usableThreads(1, 2)).toEqual({ threads: 1, warnings: [] });
  expect(usableThreads(8, 2)).toEqual({ threads: 8, warnings: [] });
  expect(usableThreads(10_000, 2)).toEqual({
    threads: 2,
    warnings: ["--threads 10000 is too many for the 2 cores of this machine: 2 are used"],
  });
});
