import { describe, expect, test } from "vitest";
import type { Mask } from "../../image/index.ts";
import { targetGrid } from "../../segment/index.ts";
import { distorted } from "./distorted-mask.ts";
import { type DrawOptions, drawPrompt, heldOutBox, PromptDrawSettings } from "./prompt-draws.ts";
import { boxIou, type PromptSource } from "./target-grid.ts";

const sizes = { variant: "sam", side: 256, cells: 64 } as const;
const maskOf = (width: number, height: number, isInside: (x: number, y: number) => boolean): Mask => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height }, (_, i) => (isInside(i % width, Math.floor(i / width)) ? 1 : 0)),
});
const rectangle = (x0: number, y0: number, x1: number, y1: number) => (x: number, y: number) => x >= x0 && x < x1 && y >= y0 && y < y1;

describe("a mask at the size of the logits", () => {
  test("of an image twice as large as the square: a cell is 8 x 8 of its pixels, the box is halved", () => {
    const { box, cells } = targetGrid(maskOf(512, 256, rectangle(16, 8, 36, 24)), sizes)!;
    expect(box).toEqual({ x0: 8, y0: 4, x1: 18, y1: 12 });
    // Columns 2, 3 and the half of 4; rows 1 and 2.
    const set = [...cells.keys()].filter((i) => cells[i] === 1).map((i) => [i % 64, Math.floor(i / 64)]);
    expect(set).toEqual([2, 3, 4].map((x) => [x, 1]).concat([2, 3, 4].map((x) => [x, 2])));
  });

  test("of a small image, whose pixels are larger than cells", () => {
    const { box, cells } = targetGrid(maskOf(32, 16, rectangle(3, 2, 4, 3)), sizes)!;
    expect(box).toEqual({ x0: 24, y0: 16, x1: 32, y1: 24 });
    expect([...cells.keys()].filter((i) => cells[i] === 1)).toEqual([4 * 64 + 6, 4 * 64 + 7, 5 * 64 + 6, 5 * 64 + 7]);
  });

  test("a speck that covers half of no cell keeps the cell that it covers most; an empty mask is none", () => {
    const speck = targetGrid(maskOf(1024, 1024, rectangle(100, 100, 102, 102)), sizes)!;
    expect([...speck.cells.keys()].filter((i) => speck.cells[i] === 1)).toEqual([6 * 64 + 6]);
    expect(
      targetGrid(
        maskOf(8, 8, () => false),
        sizes,
      ),
    ).toBeUndefined();
  });
});

const truth = targetGrid(maskOf(256, 192, rectangle(80, 60, 140, 120)), sizes)!;
const coarse = targetGrid(maskOf(256, 192, rectangle(70, 70, 130, 140)), sizes)!;
const source: PromptSource = { truth, extent: { width: 256, height: 192 } };
const options = (changes: Partial<DrawOptions> = {}): DrawOptions => ({
  ...PromptDrawSettings.parse({}),
  ...sizes,
  points: 4,
  negativePoints: 0,
  maskShare: 0,
  seed: 1,
  ...changes,
});
const names = Array.from({ length: 400 }, (_, i) => `${i}`);

describe("drawn prompts", () => {
  test("from a coarse mask include it in the share that is asked for, and the others never do", () => {
    const withCoarse = { ...source, coarse };
    const drawn = (changes: Partial<DrawOptions>) => names.map((name) => drawPrompt(withCoarse, name, options(changes)));
    const share = drawn({ coarseShare: 1, maskShare: 0.5 }).filter(({ mask }) => mask).length / names.length;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
    expect(drawn({ coarseShare: 0, distortedShare: 0, maskShare: 1 }).some(({ mask }) => mask)).toBe(false);
    expect(heldOutBox(withCoarse, "a", options({ maskShare: 1 })).mask).toEqual(coarse.cells);
  });

  test("have the shares of kinds that are asked for, and are the same for the same name and seed", () => {
    const drawn = names.map((name) => drawPrompt(source, name, options()));
    expect(names.map((name) => drawPrompt(source, name, options()))).toEqual(drawn);
    expect(names.map((name) => drawPrompt(source, name, options({ seed: 2 })))).not.toEqual(drawn);
    const share = (kind: (prompt: (typeof drawn)[number]) => boolean) => drawn.filter(kind).length / drawn.length;
    expect(share(({ box, points }) => box !== undefined && points.length === 0)).toBeCloseTo(0.5, 1);
    expect(share(({ box, points }) => box !== undefined && points.length > 0)).toBeCloseTo(0.3, 1);
    expect(drawn.every(({ box, points }) => (box !== undefined || points.length > 0) && points.length <= 4)).toBe(true);
  });

  test("without jitter and coarse masks a box is the true one; with it, edges move by a tenth of the side at most by the cap", () => {
    const plain = options({ boxShare: 1, bothShare: 0, distortedShare: 0, boxJitter: 0 });
    expect(drawPrompt(source, "a", plain).box).toEqual(truth.box);
    const moved = names.map((name) => drawPrompt(source, name, { ...plain, boxJitter: 0.1 }).box!.x0 - truth.box.x0);
    expect(Math.sqrt(moved.reduce((sum, x) => sum + x * x, 0) / moved.length)).toBeGreaterThan(3);
    expect(Math.max(...moved.map(Math.abs))).toBeCloseTo(5, 5); // 20 of 1024 are 5 of 256
  });

  test("come from the coarse mask where there is one, as often as is asked for, unless it lies elsewhere", () => {
    const boxes = options({ boxShare: 1, bothShare: 0, coarseShare: 0.5 });
    const fromCoarse = names.filter((name) => drawPrompt({ ...source, coarse }, name, boxes).box === coarse.box);
    expect(fromCoarse.length / names.length).toBeCloseTo(0.5, 1);
    const elsewhere = targetGrid(maskOf(256, 192, rectangle(0, 0, 40, 40)), sizes)!;
    expect(names.every((name) => drawPrompt({ ...source, coarse: elsewhere }, name, boxes).box !== elsewhere.box)).toBe(true);
    expect(heldOutBox({ ...source, coarse }, "a", boxes).box).toEqual(coarse.box);
    expect(heldOutBox({ ...source, coarse }, "a", { ...boxes, coarseShare: 0 }).box).not.toEqual(coarse.box);
  });

  test("points lie on the mask, negative ones beside it", () => {
    const points = options({ boxShare: 0, bothShare: 0, distortedShare: 0, negativePoints: 3 });
    const all = names.flatMap((name) => drawPrompt(source, name, points).points);
    for (const { x, y, label } of all) {
      const isInside = x + 0.5 >= 80 && x + 0.5 <= 140 && y + 0.5 >= 60 && y + 0.5 <= 120;
      expect(isInside, `${x}, ${y}`).toBe(label === 1);
      expect(x >= -0.5 && x < 256 && y >= -0.5 && y < 192).toBe(true);
    }
    expect(all.some(({ label }) => label === 0)).toBe(true);
  });

  test("made-up coarse masks are larger, smaller and moved, and nearly always about the target", () => {
    const made = names.map((name) => distorted(source, name, options()));
    const overlaps = made.map(({ box }) => boxIou(box, truth.box));
    expect(overlaps.filter((overlap) => overlap > 0.1).length / made.length).toBeGreaterThan(0.95);
    expect(overlaps.filter((overlap) => overlap < 0.7).length / made.length).toBeGreaterThan(0.3);
    const widths = made.map(({ box }) => box.x1 - box.x0);
    expect(Math.min(...widths)).toBeLessThan(50);
    expect(Math.max(...widths)).toBeGreaterThan(75);
    expect(made.every(({ cells }) => cells.includes(1))).toBe(true);
  });
});
