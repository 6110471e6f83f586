import { expect, test } from "vitest";
import { describeWith, sharedJson, sharedPath } from "../../test/support/shared-data.ts";
import { overlap } from "../image/mask-overlap.ts";
import type { GrayImage, Mask, Size } from "../image/types.ts";
import { readGray } from "../scans/read-gray.ts";
import { nsd } from "./nsd.ts";
import { dsc, iou } from "./overlap.ts";
import { releasedScores } from "./released.ts";
import { bootstrapMean, mean, median, quantile, std } from "./statistics.ts";
import { hausdorff, surfaceMetrics, surfaceNsd } from "./surface-distance.ts";

/** A number of the cases: null and "nan" are undefined values. */
type Golden = number | "inf" | "nan" | null;
const numberOf = (value: Golden) => (value === "inf" ? Number.POSITIVE_INFINITY : value === "nan" || value === null ? Number.NaN : value);

/** Both undefined, both infinite, or within a tolerance. */
function expectNear(actual: number, expected: Golden, tolerance: number, what: string) {
  const number = numberOf(expected);
  if (Number.isFinite(number)) expect(Math.abs(actual - number), `${what}: ${actual} instead of ${number}`).toBeLessThanOrEqual(tolerance);
  else expect(actual, what).toBe(number);
}

/** OpenCV's nearest neighbour: index min(floor(i / (n_out / n_in)), n_in - 1) in float64. */
function resizeNearest(from: GrayImage, { width, height }: Size): GrayImage {
  const index = (n: number, of: number) => Array.from({ length: n }, (_, i) => Math.min(Math.floor(i * (1 / (n / of))), of - 1));
  const columns = index(width, from.width);
  const data = index(height, from.height).flatMap((y) => columns.map((x) => from.data[y * from.width + x]!));
  return { width, height, data: Uint8Array.from(data) };
}

const above = (threshold: number, { width, height, data }: GrayImage): Mask => ({
  width,
  height,
  data: data.map((value) => (value > threshold ? 1 : 0)),
});

interface Contour {
  nsd: Golden;
  nsd_tolerance_1: Golden;
  hd95: Golden;
  hd100: Golden;
  average_gt_to_pred: Golden;
  average_pred_to_gt: Golden;
  assd: Golden;
}
interface Pair {
  name: string;
  truth: string;
  prediction: string;
  released: { outcome: "aborts" } | { outcome: "ok"; dsc: number; nsd: number; dsc_rounded: number; nsd_rounded: number };
  metrics: {
    gt_pixels: number;
    pred_pixels: number;
    intersection: number;
    dsc: Golden;
    iou: Golden;
    nsd_reference: Golden;
    contour_px: Contour;
    contour_mm: Contour;
  };
}

describeWith(["parity/evaluate/pairs.json"], "evaluation pairs", () => {
  const { pairs, tolerance, spacing_mm_row_column } = sharedJson<{
    pairs: Pair[];
    tolerance: number;
    spacing_mm_row_column: [number, number];
  }>("parity/evaluate/pairs.json");

  test.each(pairs)("$name", async ({ truth: truthPath, prediction, metrics, released }) => {
    const truthFile = await readGray(
      truthPath.startsWith("truth/") ? sharedPath("parity/evaluate", truthPath) : sharedPath("data", truthPath),
    );
    const predicted = resizeNearest(await readGray(sharedPath("parity/evaluate", prediction)), truthFile);
    const [mask, truth] = [above(127, predicted), above(127, truthFile)];

    expect(overlap(mask, truth)).toEqual({ maskPx: metrics.pred_pixels, truthPx: metrics.gt_pixels, sharedPx: metrics.intersection });
    // Undefined in the cases where both are empty; here two empty masks agree.
    expectNear(dsc(mask, truth), metrics.dsc ?? 1, 1e-9, "dsc");
    expectNear(iou(mask, truth), metrics.iou ?? 1, 1e-9, "iou");
    expectNear(nsd(mask, truth, { tolerance }), metrics.nsd_reference ?? 1, 1e-9, "nsd");

    for (const [contour, spacing] of [
      [metrics.contour_px, [1, 1]],
      [metrics.contour_mm, spacing_mm_row_column],
    ] as const) {
      const ours = surfaceMetrics(mask, truth, { tolerance, spacing });
      expectNear(ours.nsd, contour.nsd ?? 1, 1e-9, "surface nsd");
      expectNear(surfaceNsd(mask, truth, { tolerance: 1, spacing }), contour.nsd_tolerance_1 ?? 1, 1e-9, "surface nsd at 1");
      expectNear(ours.hd95, contour.hd95, 1e-9, "hd95");
      expectNear(ours.hd100, contour.hd100, 1e-9, "hd100");
      expectNear(ours.averageTruthToMask, contour.average_gt_to_pred, 1e-9, "truth to mask");
      expectNear(ours.averageMaskToTruth, contour.average_pred_to_gt, 1e-9, "mask to truth");
      expectNear(ours.assd, contour.assd, 1e-9, "assd");
    }

    const scores = releasedScores(predicted, truthFile);
    expect(scores.outcome).toBe(released.outcome);
    if (scores.outcome === "ok" && released.outcome === "ok") {
      expectNear(scores.dsc, released.dsc, 1e-12, "released dsc");
      expectNear(scores.nsd, released.nsd, 1e-12, "released nsd");
      expect([scores.dscRounded, scores.nsdRounded]).toEqual([released.dsc_rounded, released.nsd_rounded]);
    }
  });
});

interface MaskMetrics {
  name: string;
  gt: string;
  pred: string;
  gt_pixels: number;
  pred_pixels: number;
  intersection: number;
  dice: Golden;
  iou: Golden;
  avg_surface_distance_gt_to_pred: Golden;
  avg_surface_distance_pred_to_gt: Golden;
  hausdorff_100: Golden;
  hausdorff_95: Golden;
  hausdorff_50: Golden;
  surface_dice_tol1: Golden;
  surface_dice_tol2: Golden;
  surface_dice_tol5: Golden;
  medclip_samv2_eval: { DSC: number; NSD: number };
}

describeWith(["data/golden/mask_metrics.json"], "real mask pairs, measured by the surface distance of its authors", () => {
  const { cases } = sharedJson<{ cases: MaskMetrics[] }>("data/golden/mask_metrics.json");

  test.each(cases)("$name: $gt", async (golden) => {
    const [predFile, truthFile] = [await readGray(sharedPath("data", golden.pred)), await readGray(sharedPath("data", golden.gt))];
    const [mask, truth] = [above(0, predFile), above(0, truthFile)];
    expect(overlap(mask, truth)).toEqual({ maskPx: golden.pred_pixels, truthPx: golden.gt_pixels, sharedPx: golden.intersection });
    // The file holds ten decimals.
    expectNear(dsc(mask, truth), golden.dice, 1e-10, "dsc");
    expectNear(iou(mask, truth), golden.iou, 1e-10, "iou");
    const ours = surfaceMetrics(mask, truth, { tolerance: 2 });
    expectNear(ours.averageTruthToMask, golden.avg_surface_distance_gt_to_pred, 1e-10, "truth to mask");
    expectNear(ours.averageMaskToTruth, golden.avg_surface_distance_pred_to_gt, 1e-10, "mask to truth");
    expectNear(ours.hd100, golden.hausdorff_100, 1e-10, "hd100");
    expectNear(ours.hd95, golden.hausdorff_95, 1e-10, "hd95");
    expectNear(hausdorff(mask, truth, { percent: 50 }), golden.hausdorff_50, 1e-10, "hd50");
    expectNear(surfaceNsd(mask, truth, { tolerance: 1 }), golden.surface_dice_tol1, 1e-10, "nsd at 1");
    expectNear(ours.nsd, golden.surface_dice_tol2, 1e-10, "nsd at 2");
    expectNear(surfaceNsd(mask, truth, { tolerance: 5 }), golden.surface_dice_tol5, 1e-10, "nsd at 5");
    const released = releasedScores(predFile, truthFile);
    expect(released).toMatchObject({ dscRounded: golden.medclip_samv2_eval.DSC, nsdRounded: golden.medclip_samv2_eval.NSD });
  });
});

interface SurfaceCase {
  name: string;
  shape: number[];
  gt_points?: [number, number][];
  pred_points?: [number, number][];
  gt_boxes?: [[number, number], [number, number]][];
  pred_boxes?: [[number, number], [number, number]][];
  spacing: [number, number];
  reference: { avg: [Golden, Golden]; hd100: Golden; hd95: Golden; surface_dice_1mm: Golden; dice: Golden };
}

describeWith(["data/golden/surface_distance_tests.json"], "unit tests of the surface distance of its authors (2D)", () => {
  const { cases } = sharedJson<{ cases: SurfaceCase[] }>("data/golden/surface_distance_tests.json");

  function draw([height, width]: number[], points: [number, number][] = [], boxes: [[number, number], [number, number]][] = []): Mask {
    const data = new Uint8Array(height! * width!);
    for (const [y, x] of points) data[y * width! + x] = 1;
    for (const [[y0, y1], [x0, x1]] of boxes) for (let y = y0; y < y1; y++) data.fill(1, y * width! + x0, y * width! + x1);
    return { width: width!, height: height!, data };
  }

  test.each(cases.filter(({ shape }) => shape.length === 2))("$name", ({ shape, spacing, reference, ...golden }) => {
    const mask = draw(shape, golden.pred_points, golden.pred_boxes);
    const truth = draw(shape, golden.gt_points, golden.gt_boxes);
    const ours = surfaceMetrics(mask, truth, { tolerance: 1, spacing });
    const bothEmpty = reference.dice === "nan";
    expectNear(ours.averageTruthToMask, reference.avg[0], 1e-9, "truth to mask");
    expectNear(ours.averageMaskToTruth, reference.avg[1], 1e-9, "mask to truth");
    expectNear(ours.hd100, reference.hd100, 1e-9, "hd100");
    expectNear(ours.hd95, reference.hd95, 1e-9, "hd95");
    expectNear(ours.nsd, bothEmpty ? 1 : reference.surface_dice_1mm, 1e-9, "nsd");
    expectNear(dsc(mask, truth), bothEmpty ? 1 : reference.dice, 1e-9, "dsc");
  });
});

describeWith(["parity/evaluate/statistics.json"], "statistics", () => {
  const golden = sharedJson<{
    seed: number;
    values: Record<string, number[]>;
    summary: Record<string, { n: number; mean: number; std_ddof1: number; median: number; q1: number; q3: number }>;
    bootstrap: Record<string, { percentile: [number, number] }>;
    paired_against_ours: Record<string, { mean_difference: number; bootstrap_difference: { percentile: [number, number] } }>;
  }>("parity/evaluate/statistics.json");

  test.each(Object.entries(golden.summary))("the summary of %s", (method, expected) => {
    const values = golden.values[method]!;
    expect(values).toHaveLength(expected.n);
    const ours = {
      mean: mean(values),
      std_ddof1: std(values),
      median: median(values),
      q1: quantile(values, 0.25),
      q3: quantile(values, 0.75),
    };
    for (const [name, value] of Object.entries(ours)) expectNear(value, expected[name as keyof typeof ours], 1e-12, name);
  });

  test.each(Object.entries(golden.bootstrap))("the bootstrap interval of %s", (name, { percentile }) => {
    const [low, high] = bootstrapMean(golden.values[name]!, { name, seed: golden.seed });
    expectNear(low, percentile[0], 1e-12, "low");
    expectNear(high, percentile[1], 1e-12, "high");
  });

  test.each(Object.entries(golden.paired_against_ours))("the bootstrap interval of the difference to %s", (name, expected) => {
    const differences = golden.values.ours!.map((value, i) => value - golden.values[name]![i]!);
    expectNear(mean(differences), expected.mean_difference, 1e-12, "mean");
    const [low, high] = bootstrapMean(differences, { name: `ours-${name}`, seed: golden.seed });
    expectNear(low, expected.bootstrap_difference.percentile[0], 1e-12, "low");
    expectNear(high, expected.bootstrap_difference.percentile[1], 1e-12, "high");
  });
});
