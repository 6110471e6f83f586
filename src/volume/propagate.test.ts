import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyStack, drawnStack, ellipsoid } from "../../test/support/stacks.ts";
import { CancelledError } from "../errors.ts";
import { areaPx, dscOf, type Mask, type MaskStack, overlap, sliceOf } from "../image/index.ts";
import { propagate, type SliceConfidence, type SlicePrompt } from "./propagate.ts";

const sure: SliceConfidence = { iou: 0.95 };
const unsure: SliceConfidence = { iou: 0.4 };

/** A model that knows the truth, and records how it was asked. */
function oracle(truth: MaskStack, score = 0.9) {
  const calls: { slice: number; prompt: SlicePrompt }[] = [];
  const predict = async (slice: number, prompt: SlicePrompt) => {
    calls.push({ slice, prompt });
    return { mask: sliceOf(truth, slice), score };
  };
  return { calls, predict };
}

const ball = ellipsoid({ slices: 9, rows: 24, columns: 24 }, [4, 12, 12], [5, 8, 8]);
const without = (stack: MaskStack, ...slices: number[]): MaskStack => {
  const data = stack.data.slice();
  const size = stack.rows * stack.columns;
  for (const slice of slices) data.fill(0, slice * size, (slice + 1) * size);
  return { ...stack, data };
};
const confidences = (stack: MaskStack) =>
  Array.from({ length: stack.slices }, (_, slice) => (areaPx(sliceOf(stack, slice)) > 0 ? sure : undefined));

describe("propagate", () => {
  test("slices that were missed come back from their neighbours, nearest first", async () => {
    const holes = without(ball, 2, 6, 7);
    const { calls, predict } = oracle(ball);
    const { stack, seeds, changed, stops } = await propagate(holes, confidences(holes), predict);
    expect(stack).toEqual(ball);
    expect(seeds).toEqual([0, 1, 3, 4, 5]); // the last slice, alone behind the gap, overlaps no neighbour
    expect(changed.map(({ slice, from }) => [from, slice])).toEqual([
      [1, 2],
      [5, 6],
      [6, 7],
    ]);
    expect(calls.at(-1)!.slice).toBe(8);
    expect(stops).toEqual([]);
  });

  test("the prompt is the box round the mask beside it, with a margin, and that mask", async () => {
    const stack = drawnStack(["......", "..##..", "..##..", "......"], ["......", "......", "......", "......"]);
    const { calls, predict } = oracle(drawnStack(["......", "..##..", "..##..", "......"], ["......", "..##..", "..##..", "......"]));
    await propagate(stack, [sure, undefined], predict);
    expect(calls).toEqual([{ slice: 1, prompt: { box: { x0: 1, y0: 0, x1: 5, y1: 4 }, mask: sliceOf(stack, 0) } }]);
  });

  const square = ["....", ".##.", ".##.", "...."];
  const nothing = ["....", "....", "....", "...."];
  test.each([
    ["empty", nothing, 0.9],
    ["low score", square, 0.2],
    ["area jump", ["####", "####", "####", "####"], 0.9],
    ["low overlap", ["##..", "##..", "....", "...."], 0.9],
  ])("it ends where the prediction is: %s", async (reason, picture, score) => {
    const stack = drawnStack(square, nothing, nothing);
    const result = await propagate(stack, [sure, undefined, undefined], oracle(drawnStack(square, picture, square), score).predict);
    expect(result.stops).toEqual([{ slice: 1, from: 0, score, reason }]);
    expect(result.stack).toEqual(stack);
    expect(result.changed).toEqual([]);
  });

  test("a slice of its own opinion is replaced if it is unsure, and stays if it agrees", async () => {
    const wrong = drawnStack(square, ["##..", "##..", "....", "...."], square);
    const right = drawnStack(square, square, square);
    const given = [sure, unsure, { iou: 0.9, presence: 0.5 }];
    const { stack, changed } = await propagate(wrong, given, oracle(right).predict);
    expect(stack).toEqual(right);
    expect(changed.map(({ slice }) => slice)).toEqual([1]);
  });

  test("a find in one slice alone seeds nothing, unless it is the surest", async () => {
    const lone = drawnStack(square, square, nothing, nothing, ["#...", "....", "....", "...."]);
    const { predict } = oracle(without(lone, 4));
    expect((await propagate(lone, [{ iou: 0.99 }, sure, undefined, undefined, sure], predict)).seeds).toEqual([0, 1]);
    expect((await propagate(lone, [sure, sure, undefined, undefined, { iou: 0.99 }], predict)).seeds).toEqual([0, 1, 4]);
  });

  test("the surer side comes first, and its slice is not predicted from the other side, too", async () => {
    const holes = drawnStack(square, square, nothing, square, square);
    const { calls, predict } = oracle(drawnStack(square, square, square, square, square));
    await propagate(holes, [sure, sure, undefined, { iou: 0.97 }, { iou: 0.97 }], predict);
    expect(calls.map(({ slice, prompt }) => [slice, prompt.box])).toEqual([[2, { x0: 0, y0: 0, x1: 4, y1: 4 }]]);
    const { changed } = await propagate(holes, [sure, sure, undefined, { iou: 0.97 }, { iou: 0.97 }], predict);
    expect(changed).toEqual([{ slice: 2, from: 3, score: 0.9 }]);
  });

  test("without any confident slice nothing is asked or changed", async () => {
    const { calls, predict } = oracle(ball);
    const empty = without(ball, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(await propagate(empty, confidences(empty), predict)).toEqual({ stack: empty, seeds: [], changed: [], stops: [] });
    expect(calls).toEqual([]);
  });

  test("the given stack stays, the same input gives the same result, and only changed slices differ", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyStack,
        fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }), { minLength: 6, maxLength: 6 }),
        async (stack, ious) => {
          const given = stack.data.slice();
          const all = ious.map((iou) => (iou === undefined ? undefined : { iou }));
          const predict = async (slice: number, { mask }: { mask: Mask }) => ({ mask, score: all[slice]?.iou ?? 0.6 });
          const result = await propagate(stack, all, predict);
          expect(stack.data).toEqual(given);
          expect(await propagate(stack, all, predict)).toEqual(result);
          const changed = new Set(result.changed.map(({ slice }) => slice));
          for (let slice = 0; slice < stack.slices; slice++) {
            const agreement = dscOf(overlap(sliceOf(stack, slice), sliceOf(result.stack, slice)));
            expect(agreement < 1).toBe(changed.has(slice));
          }
          for (const seed of result.seeds) expect(changed.has(seed)).toBe(false);
        },
      ),
    );
  });

  test("it can be cancelled", async () => {
    const holes = without(ball, 2);
    const signal = AbortSignal.abort();
    await expect(propagate(holes, confidences(holes), oracle(ball).predict, { signal })).rejects.toThrow(CancelledError);
  });
});
