import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyStack, ellipsoid } from "../../test/support/stacks.ts";
import { ShapeError } from "../errors.ts";
import { type MaskStack, sliceOf } from "../image/index.ts";
import { surfaceAreas, type VoxelSpacing } from "./_surface-areas.ts";
import { volumeScoresOf } from "./evaluate-volume.ts";
import { nsd } from "./nsd.ts";
import { volumeSurface } from "./volume-surface.ts";

const sized = (slices: number, rows: number, columns: number) => ({ slices, rows, columns });

function box(size: Omit<MaskStack, "data">, low: readonly number[], high: readonly number[]): MaskStack {
  const data = Uint8Array.from({ length: size.slices * size.rows * size.columns }, (_, i) => {
    const at = [Math.floor(i / (size.rows * size.columns)), Math.floor(i / size.columns) % size.rows, i % size.columns];
    return at.every((value, axis) => value >= low[axis]! && value < high[axis]!) ? 1 : 0;
  });
  return { ...size, data };
}

/** Voxels set at random, by a hash of their index, so that corners of every kind occur. */
function noise(size: Omit<MaskStack, "data">, salt: number, share: number): MaskStack {
  const data = Uint8Array.from({ length: size.slices * size.rows * size.columns }, (_, i) => {
    let value = Math.imul(i + salt, 2654435761);
    value = Math.imul(value ^ (value >>> 15), 2246822519);
    return ((value ^ (value >>> 13)) >>> 0) / 2 ** 32 < share ? 1 : 0;
  });
  return { ...size, data };
}

/** Numbers of surface-distance 0.1 (DeepMind) with NumPy 2.4.6 and SciPy 1.17.1; the average of both surfaces from its lists of distances and areas. */
const golden: [string, MaskStack, MaskStack, VoxelSpacing, number, Record<string, number>][] = [
  [
    "thick slices",
    ellipsoid(sized(14, 40, 44), [6, 18, 20], [4.5, 13, 11]),
    ellipsoid(sized(14, 40, 44), [7, 20, 19], [4, 12.5, 12]),
    [3, 0.7, 0.7],
    2,
    {
      dsc: 0.7715834301200155,
      nsd: 0.8207014079450264,
      hd95: 3.5,
      hd100: 6,
      averageMaskToTruth: 1.1760640343426447,
      averageTruthToMask: 0.8901971279010263,
      assd: 1.03887891216126,
      publishedNsd: 0.9684055806782883,
    },
  ],
  [
    "a ball and a box",
    ellipsoid(sized(20, 24, 22), [9, 11, 10], [7, 8, 7]),
    box(sized(20, 24, 22), [3, 4, 2], [16, 19, 18]),
    [1, 1, 1],
    1,
    {
      dsc: 0.6865671641791045,
      nsd: 0.46186752631996786,
      hd95: 3.605551275463989,
      hd100: 5.196152422706632,
      averageMaskToTruth: 1.197374892444115,
      averageTruthToMask: 1.6821203756642995,
      assd: 1.5027803864143874,
      publishedNsd: 0.7245562588475171,
    },
  ],
  [
    "corners of every kind",
    noise(sized(9, 11, 13), 1, 0.5),
    noise(sized(9, 11, 13), 7777, 0.4),
    [2.5, 0.9, 0.6],
    0.9,
    {
      dsc: 0.45084745762711864,
      nsd: 0.9982626238639795,
      hd95: 0,
      hd100: 1.7999999999999998,
      averageMaskToTruth: 0.028702657859561224,
      averageTruthToMask: 0.02078356169655736,
      assd: 0.024934632525387846,
      publishedNsd: 1,
    },
  ],
  [
    "one slice",
    ellipsoid(sized(1, 30, 30), [0, 14, 14], [1, 9, 7]),
    ellipsoid(sized(1, 30, 30), [0, 16, 15], [1, 8, 8]),
    [5, 1, 1],
    2,
    {
      dsc: 0.817258883248731,
      nsd: 0.9615955502083223,
      hd95: 2.23606797749979,
      hd100: 3.1622776601683795,
      averageMaskToTruth: 0.37159365731183164,
      averageTruthToMask: 0.29664419458830216,
      assd: 0.33411892595006687,
      publishedNsd: 0.9837396664222418,
    },
  ],
];

test.each(golden)("equals the authors' surface distance: %s", (_, mask, truth, spacing, toleranceMm, { dsc, ...expected }) => {
  const metrics = volumeSurface(mask, truth, { spacing, toleranceMm });
  for (const [name, value] of Object.entries(expected)) expect(metrics[name as keyof typeof metrics], name).toBeCloseTo(value, 12);
  const scores = volumeScoresOf({ name: "a", truth, prediction: mask, spacing }, { tolerance: toleranceMm });
  expect(scores.dsc).toBeCloseTo(dsc!, 14);
  expect(scores).toMatchObject({ nsd: metrics.publishedNsd, surfaceNsd: metrics.nsd, hd95: metrics.hd95, assd: metrics.assd });
});

describe("surfaceAreas", () => {
  test("a face between four voxels and four is the side of a voxel, in each direction; a corner is a triangle", () => {
    const areas = surfaceAreas([2, 3, 5]);
    expect([areas[0b11110000], areas[0b11001100], areas[0b10101010]]).toEqual([15, 10, 6]);
    // Between the middles of three edges from a voxel's corner: half the cross product of (-1, 1.5, 0) and (-1, 0, 2.5).
    expect(areas[0b10000000]).toBeCloseTo(Math.hypot(3.75, 2.5, 1.5) / 2, 14);
    expect([areas[0], areas[255]]).toEqual([0, 0]);
  });

  test("every other neighbourhood has an area, the same inside out", () => {
    const areas = surfaceAreas([1, 2, 3.5]);
    for (let code = 1; code < 255; code++) {
      expect(areas[code], `code ${code}`).toBeGreaterThan(0);
      expect(areas[code]).toBe(areas[255 - code]);
    }
  });
});

describe("volumeSurface", () => {
  test("by hand: two single voxels three slices apart are 6 mm apart", () => {
    const one = box(sized(4, 3, 3), [0, 1, 1], [1, 2, 2]);
    const other = box(sized(4, 3, 3), [3, 1, 1], [4, 2, 2]);
    // Each has eight equal corners; those of the near face are two slices from the other's, those of the far face three.
    expect(volumeSurface(one, other, { spacing: [2, 1, 1], toleranceMm: 4 })).toMatchObject({ nsd: 0.5, hd95: 6, hd100: 6, assd: 5 });
  });

  test("volumes of one slice have the published NSD of pictures", () => {
    fc.assert(
      fc.property(anyStack, anyStack, (a, b) => {
        const [first, second] = [a, b].map(({ data }) => ({
          ...sized(1, 6, 6),
          data: Uint8Array.from({ length: 36 }, (_, i) => data[i] ?? 0),
        })) as [MaskStack, MaskStack];
        const { publishedNsd } = volumeSurface(first, second, { spacing: [5, 0.5, 0.5], toleranceMm: 1 });
        expect(publishedNsd).toBeCloseTo(nsd(sliceOf(first, 0), sliceOf(second, 0)), 12);
      }),
    );
  });

  test("the order of the masks does not matter, nor do mirrored axes", () => {
    fc.assert(
      fc.property(anyStack, fc.integer({ min: 1, max: 1000 }), (mask, salt) => {
        const truth = noise(mask, salt, 0.3);
        fc.pre(mask.data.includes(1) && truth.data.includes(1));
        const options = { spacing: [2.5, 0.5, 0.75], toleranceMm: 1 } as const;
        const { nsd, hd95, hd100, assd } = volumeSurface(mask, truth, options);
        const [swapped, mirrored] = [volumeSurface(truth, mask, options), volumeSurface(reversed(mask), reversed(truth), options)];
        for (const other of [swapped, mirrored]) {
          expect(other.nsd).toBeCloseTo(nsd, 12);
          expect(other.hd95).toBe(hd95);
          expect(other.hd100).toBe(hd100);
          expect(other.assd).toBeCloseTo(assd, 12);
        }
      }),
    );
  });

  test("volumes of different sizes are refused", () => {
    const options = { spacing: [1, 1, 1], toleranceMm: 1 } as const;
    expect(() => volumeSurface(noise(sized(1, 2, 3), 1, 1), noise(sized(1, 3, 2), 1, 1), options)).toThrow(ShapeError);
  });
});

describe("volumeScoresOf", () => {
  const truth = box(sized(2, 3, 4), [0, 0, 0], [1, 1, 2]);
  const empty = box(truth, [0, 0, 0], [0, 0, 0]);
  const spacing = [3, 1, 0.5] as const;

  test("says what it measured in mm³, and that it is a volume", () => {
    expect(volumeScoresOf({ name: "a", truth, prediction: truth, spacing })).toEqual({
      ...{ name: "a", dsc: 1, iou: 1, nsd: 1, surfaceNsd: 1, hd95: 0, assd: 0, hd95Penalised: 0, assdPenalised: 0 },
      ...{ truthPx: 2, predPx: 2, missing: false, volume: true, spacing, truthMm3: 3, predMm3: 3, warnings: [] },
    });
  });

  test("an empty or missing mask has no distance, and counts the volume's diagonal", () => {
    const diagonal = Math.hypot(6, 3, 2);
    const without = { hd95: null, assd: null, hd95Penalised: diagonal, assdPenalised: diagonal };
    expect(volumeScoresOf({ name: "a", truth, prediction: empty, spacing })).toMatchObject({
      ...without,
      dsc: 0,
      noDistance: "predictionEmpty",
    });
    expect(volumeScoresOf({ name: "a", truth, spacing })).toMatchObject({ ...without, dsc: 0, missing: true, truthMm3: 3, predMm3: 0 });
    expect(volumeScoresOf({ name: "a", truth: empty, prediction: empty, spacing })).toMatchObject({ dsc: 1, nsd: 1, hd95Penalised: 0 });
  });
});

/** A stack with all its axes turned round. */
const reversed = (stack: MaskStack): MaskStack => ({ ...stack, data: stack.data.toReversed() });
