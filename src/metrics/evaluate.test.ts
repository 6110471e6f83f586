import { describe, expect, test } from "vitest";
import { drawn } from "../../test/support/pictures.ts";
import { ConfigError } from "../errors.ts";
import type { GrayImage } from "../image/index.ts";
import { evaluate } from "./evaluate.ts";
import { bootstrapMean } from "./index.ts";
import { metricNames, metricTable } from "./metric-table.ts";

/** A mask of 0 and the given level. */
const gray = (level: number, ...rows: string[]): GrayImage => {
  const { width, height, data } = drawn(...rows);
  return { width, height, data: data.map((value) => value * level) };
};

describe("pairs in memory", () => {
  const truth = gray(255, "##..", "##..", "....");
  const shifted = gray(255, ".##.", ".##.", "....");

  test("by hand: 4 and 4 pixels that share 2", () => {
    const { images, summary } = evaluate([{ name: "a", truth, prediction: shifted }]);
    expect(images[0]).toMatchObject({ dsc: 0.5, iou: 1 / 3, truthPx: 4, predPx: 4, missing: false, warnings: [] });
    expect(summary.dsc).toEqual({ mean: 0.5, std: null, n: 1, median: 0.5, ci95: [0.5, 0.5] });
  });

  test("a name that is given twice is refused", () => {
    const pairs = ["a", "b", "a"].map((name) => ({ name, truth, prediction: shifted }));
    expect(() => evaluate(pairs)).toThrow(new ConfigError('evaluate: pairs[0] and pairs[2] have the same name "a". Name each once.'));
  });

  test("a missing prediction counts as 0, even if the ground truth is empty, and has no distances", () => {
    const empty = gray(255, "....", "....", "....");
    const { images, summary } = evaluate([
      { name: "a", truth },
      { name: "b", truth: empty, reason: "is damaged" },
    ]);
    expect(images[0]).toMatchObject({ dsc: 0, iou: 0, nsd: 0, surfaceNsd: 0, hd95: null, assd: null, truthPx: 4, missing: true });
    expect(images[0]).toMatchObject({ noDistance: "missing", hd95Penalised: 5, assdPenalised: 5 }); // of 4 x 3 pixels
    expect(images[1]).toMatchObject({ dsc: 0, missing: true, reason: "is damaged" });
    expect(summary.hd95).toEqual({ mean: null, std: null, n: 0, median: null, ci95: null });
  });

  test("two empty masks agree; undefined distances are null and excluded from the summary", () => {
    const empty = gray(255, "....", "....", "....");
    const { images, summary } = evaluate([
      { name: "both", truth: empty, prediction: empty },
      { name: "one", truth, prediction: empty },
      { name: "shifted", truth, prediction: shifted },
    ]);
    expect(images[0]).toMatchObject({ dsc: 1, iou: 1, nsd: 1, surfaceNsd: 1, hd95: null, assd: null });
    expect(images[1]).toMatchObject({ dsc: 0, hd95: null, assd: null });
    expect(summary.dsc.n).toBe(3);
    expect(summary.hd95).toMatchObject({ mean: 1, n: 1 });
  });

  test("a prediction of another size is resized by nearest neighbour, with a warning", () => {
    const { images } = evaluate([
      { name: "a", truth: gray(255, "####....", "####....", "........", "........"), prediction: gray(255, "##..", "....") },
    ]);
    expect(images[0]!.dsc).toBe(1);
    expect(images[0]!.warnings[0]).toContain("4 x 2 pixels and was resized to the 8 x 4");
  });

  test("masks are read by the rule of all masks; in reference mode above 200, and pairs on which the released tool stops are named", () => {
    const pair = { name: "a", truth, prediction: gray(128, "##..", "##..", "....") };
    expect(evaluate([pair]).images[0]!.dsc).toBe(1);
    expect(evaluate([pair]).images[0]).not.toHaveProperty("aborts");
    expect(evaluate([pair], { mode: "reference" }).images[0]).toMatchObject({ dsc: 0, aborts: false });
    const full = gray(255, "##", "##");
    expect(evaluate([{ name: "full", truth: full, prediction: full }], { mode: "reference" }).images[0]).toMatchObject({
      dsc: 1,
      aborts: true,
    });
  });

  test("the interval is the recipe's bootstrap under the metric's name", () => {
    const pairs = [shifted, truth, gray(255, "....", "....", "...#")].map((prediction, i) => ({ name: String(i), truth, prediction }));
    const { images, summary } = evaluate(pairs, { seed: 7 });
    const values = images.map(({ dsc }) => dsc);
    expect(summary.dsc.ci95).toEqual(bootstrapMean(values, { name: "dsc", seed: 7 }));
  });

  test("masks of 0 and 1 that share no pixel have DSC 0", () => {
    const [left, right] = [drawn("##..", "...."), drawn("..##", "....")];
    const { images } = evaluate([{ name: "a", truth: left, prediction: right }]);
    expect(images[0]).toMatchObject({ dsc: 0, truthPx: 2, predPx: 2, warnings: [] });
  });

  test("a label image is refused, unless a label is chosen", () => {
    const labels = { width: 3, height: 1, data: Uint8Array.from([0, 1, 2]) };
    expect(() => evaluate([{ name: "a", truth: labels }])).toThrow('"a (truth)" has 3 values (0, 1, 2)');
    expect(evaluate([{ name: "a", truth: labels, prediction: labels }], { label: 2 }).images[0]).toMatchObject({ dsc: 1, truthPx: 1 });
    expect(() => evaluate([{ name: "a", truth: labels }], { label: 7 })).toThrow("no ground truth mask has the label 7");
    expect(evaluate([{ name: "a", truth: labels }], { label: 7, mode: "reference" }).images[0]).toMatchObject({ truthPx: 0 });
  });

  test("a distance of a missed structure is the diagonal in the unit of the spacing; of two empty masks 0", () => {
    const empty = gray(255, "....", "....", "....");
    const { images, withoutDistance } = evaluate(
      [
        { name: "missed", truth, prediction: empty },
        { name: "made up", truth: empty, prediction: truth },
        { name: "both", truth: empty, prediction: empty },
      ],
      { spacing: [2, 2] },
    );
    expect(images.map(({ hd95Penalised, assdPenalised }) => [hd95Penalised, assdPenalised])).toEqual([
      [10, 10],
      [10, 10],
      [0, 0],
    ]);
    expect(withoutDistance).toEqual({ missing: 0, predictionEmpty: 1, truthEmpty: 1, bothEmpty: 1 });
  });

  test("invalid images and options are refused", () => {
    const short = { width: 4, height: 3, data: new Uint8Array(11) };
    expect(() => evaluate([{ name: "a", truth: short }])).toThrow(
      "evaluate: pairs[0].truth.data must hold width x height = 12 values for 4 x 3 pixels, got 11",
    );
    expect(() => evaluate([{ name: "a", truth, prediction: { ...truth, width: 0 } }])).toThrow(
      /pairs\[0\].prediction.width must be a whole number of at least 1, got 0/,
    );
    expect(() => evaluate([{ name: "a", truth }], { spacing: [1, Number.NaN] })).toThrow(ConfigError);
    expect(() => evaluate([{ name: "a", truth }], { tolerance: -1 })).toThrow(/option "tolerance": expected at least 0, got -1/);
    expect(() => evaluate([{ name: "a", truth }], { mode: "papers" as "paper" })).toThrow(
      /option "mode": expected one of "paper", "reference", got "papers"/,
    );
  });
});

test("each metric has a row with its direction and unit", () => {
  const { images } = evaluate([{ name: "a", truth: drawn("#."), prediction: drawn("#.") }]);
  for (const name of metricNames) expect(images[0]).toHaveProperty(name);
  for (const { better, unit } of Object.values(metricTable)) expect(better).toBe(unit === "distance" ? "lower" : "higher");
});
