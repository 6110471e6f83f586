import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { readSplits, splitFolds } from "./splits.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-splits-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("each case is validated in one fold, and groups stay together", () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 60 }), fc.nat(), (count, seed) => {
      const names = Array.from({ length: count }, (_, i) => `case-${i}`);
      const groupOf = (name: string) => String(Number(name.slice(5)) % 9);
      const folds = splitFolds(names, seed, groupOf);
      expect(folds.flatMap(({ val }) => val).sort()).toEqual([...names].sort());
      for (const { train, val } of folds) {
        expect([...train, ...val].sort()).toEqual([...names].sort());
        const groups = new Set(train.map(groupOf));
        expect(val.some((name) => groups.has(groupOf(name)))).toBe(false);
      }
    }),
  );
});

test("too few groups for five folds are refused", () => {
  expect(() => splitFolds(["a", "b", "c"], 1)).toThrow("at least 5 cases or groups for 5 folds, got 3");
});

const written = (content: unknown): string => {
  const file = join(folder, "splits_final.json");
  writeFileSync(file, JSON.stringify(content));
  return file;
};

test("nnU-Net's splits are read, and unknown or doubled cases named", async () => {
  const folds = [{ train: ["a", "b"], val: ["c"] }];
  expect(await readSplits(written(folds), ["a", "b", "c"])).toEqual(folds);
  await expect(readSplits(written(folds), ["a", "b"])).rejects.toThrow("fold 0 names cases that are not there: c");
  await expect(readSplits(written([{ train: ["a"], val: ["a"] }]), ["a"])).rejects.toThrow("in training and validation: a");
  await expect(readSplits(written({}), ["a"])).rejects.toThrow("is not a list of");
});
