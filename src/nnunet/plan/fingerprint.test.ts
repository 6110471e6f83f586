import fc from "fast-check";
import { expect, test } from "vitest";
import { nnunetDatasets, rebuiltCases } from "../../../test/support/nnunet-datasets.ts";
import { describeWith, sharedJson } from "../../../test/support/shared-data.ts";
import { counted, merged, type WeightedValues, weightedPercentile } from "./distribution.ts";
import { type FingerprintCase, fingerprintOf } from "./fingerprint.ts";
import { fingerprintFromJson } from "./fingerprint-json.ts";
import type { IntensityProperties } from "./types.ts";

const folder = "parity/nnunet/datasets";

describeWith([folder, "data"], "fingerprints of nnU-Net's data sets", () => {
  test.each(nnunetDatasets)("%s", async (dataset) => {
    const fingerprint = await fingerprintOf(rebuiltCases(dataset));
    const theirs = fingerprintFromJson(sharedJson(folder, dataset, "dataset_fingerprint.json"), "dataset_fingerprint.json");
    expect({ ...fingerprint, intensities: [] }).toEqual({ ...theirs, intensities: [] });
    const exact = sharedJson<IntensityProperties[]>(folder, dataset, "fingerprint_exact.json");
    for (const [channel, { mean, std, ...levels }] of exact.entries()) {
      const ours = fingerprint.intensities[channel]!;
      expect(ours).toMatchObject(levels);
      expect(Math.abs(ours.mean - mean)).toBeLessThan(1e-9 * std);
      expect(Math.abs(ours.std - std)).toBeLessThan(1e-9 * std);
    }
  });
});

const caseOf = (
  name: string,
  rows: readonly (readonly number[])[],
  labels: readonly number[],
  spacing?: readonly [number, number],
): FingerprintCase => ({
  name,
  width: rows[0]!.length,
  height: rows.length,
  channels: 1,
  data: Float32Array.from(rows.flat()),
  labels: { data: Int16Array.from(labels) },
  spacing,
});

// Case a: the box leaves out the first column and the last row; its foreground inside is 2 and 4, and one pixel of label 2 at the cropped 0.
// Case b: its foreground is 8. Means 3 and 8; variance (1 + 0) / 2 + 2.5^2 = 6.75. Cases weigh alike, so that half of the weight is at 8.
test("cases weigh alike, and what is cropped away does not count", async () => {
  const a = caseOf(
    "a",
    [
      [0, 2, 4],
      [0, 1, 1],
      [0, 0, 0],
    ],
    [0, 1, 1, 0, 0, 0, 2, 0, 0],
    [0.5, 2],
  );
  const b = caseOf("b", [[8, 1]], [1, 0]);
  const { shapes, spacings, relativeSize, intensities } = await fingerprintOf([async () => a, async () => b]);
  expect(shapes).toEqual([
    [1, 2, 2],
    [1, 1, 2],
  ]);
  expect(spacings).toEqual([
    [1998, 0.5, 2],
    [999, 1, 1],
  ]);
  expect(relativeSize).toBeCloseTo((4 / 9 + 1) / 2, 12);
  expect(intensities).toEqual([{ mean: 5.5, median: 4, min: 2, max: 8, std: Math.sqrt(6.75), percentile_00_5: 2, percentile_99_5: 8 }]);
});

test("cases are loaded one after another", async () => {
  let open = 0;
  const load = async () => {
    expect(++open).toBe(1);
    await new Promise((resolve) => setTimeout(resolve));
    open--;
    return caseOf("a", [[1, 2]], [1, 1]);
  };
  await fingerprintOf([load, load, load]);
});

test("fractions are sampled by the seed where they are many; mean and standard deviation stay exact", async () => {
  const values = Array.from({ length: 5000 }, (_, i) => (i + 0.5) / 5000);
  const many = caseOf(
    "many",
    [values],
    values.map(() => 1),
  );
  const few = { samples: 1000 };
  const [first, again, other, all] = await Promise.all(
    [few, few, { ...few, seed: 1 }, {}].map(async (options) => (await fingerprintOf([async () => ({ ...many })], options)).intensities[0]!),
  );
  expect(again).toEqual(first);
  expect(other!.median).not.toBe(first!.median);
  expect(first!.mean).toBe(all!.mean);
  expect(first!.std).toBe(all!.std);
  expect(first!.median).toBeCloseTo(0.5, 1);
  expect(all!.median).toBeCloseTo(0.5, 3);
  const whole = caseOf(
    "whole",
    [values.map((_, i) => i)],
    values.map(() => 1),
  );
  expect((await fingerprintOf([async () => whole], few)).intensities[0]!.median).toBe(2500); // of 1 to 4999: the 0 is cropped away
});

test("cases without foreground do not count, and without any it is an error", async () => {
  const empty = async () => caseOf("empty", [[1, 2]], [0, 0]);
  const full = async () => caseOf("full", [[3, 3]], [1, 1]);
  expect((await fingerprintOf([empty, full])).intensities[0]!.mean).toBe(3);
  await expect(fingerprintOf([empty])).rejects.toThrow(/No training case has foreground/);
  await expect(fingerprintOf([])).rejects.toThrow(/at least one case/);
});

test("a cancelled fingerprint stops", async () => {
  await expect(fingerprintOf([async () => caseOf("a", [[1]], [1])], { signal: AbortSignal.abort() })).rejects.toThrow(/cancelled/);
});

test("merged distributions have the percentiles of all values", () => {
  const lists = fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(lists, fc.integer({ min: 1, max: 100 }), (parts, percent) => {
      const nothing: WeightedValues = { values: new Float32Array(), weights: new Float64Array() };
      const together = parts.reduce((sum, part) => merged(sum, counted(Float32Array.from(part).sort()), 1), nothing);
      const all = Float64Array.from(parts.flat()).sort();
      expect(weightedPercentile(together, percent)).toBe(all[Math.ceil((percent / 100) * all.length - 1e-6) - 1]);
    }),
  );
});
