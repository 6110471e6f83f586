import { expect, test } from "vitest";
import { drawn } from "../../test/support/pictures.ts";
import { ConfigError } from "../errors.ts";
import { uniform } from "../tensor/random.ts";
import { promptPresets, type VisualPromptOptions, visualPrompts } from "./visual-prompts.ts";

const options: VisualPromptOptions = {
  kind: "both",
  points: 3,
  negativePoints: 2,
  perComponent: true,
  ...promptPresets.paper,
  random: uniform("points", 1),
};
const mask = drawn(
  "##...", //
  "##...",
  "...##",
);

test("boxes, points, or both", () => {
  const both = visualPrompts(mask, options);
  expect(both).toMatchObject({ contours: 2, empty: false });
  expect(both.boxes).toHaveLength(2);
  expect(both.points.map((p) => p.label)).toEqual([1, 1, 1, 0, 0]);
  expect(visualPrompts(mask, { ...options, kind: "box" })).toEqual({ ...both, points: [] });
  expect(visualPrompts(mask, { ...options, kind: "points" })).toEqual({ ...both, boxes: [] });
});

test("one box holds everything, and the contours are still counted", () => {
  const { boxes, contours } = visualPrompts(mask, { ...options, perComponent: false });
  expect(boxes).toEqual([{ x0: 0, y0: 0, x1: 5, y1: 3 }]);
  expect(contours).toBe(2);
});

test("the reference clamps boxes one pixel earlier", () => {
  const { boxes } = visualPrompts(mask, { ...options, ...promptPresets.reference });
  expect(boxes[1]).toEqual({ x0: 3, y0: 2, x1: 4, y1: 2 });
});

test("an empty mask becomes nothing or the whole image, whatever the kind", () => {
  const empty = drawn("...", "...");
  for (const kind of ["box", "points", "both"] as const) {
    expect(visualPrompts(empty, { ...options, kind, empty: "mask" })).toEqual({ boxes: [], points: [], contours: 0, empty: true });
    expect(visualPrompts(empty, { ...options, ...promptPresets.reference, kind })).toEqual({
      boxes: [{ x0: 0, y0: 0, x1: 3, y1: 2 }],
      points: [],
      contours: 1,
      empty: false,
    });
  }
});

test("asking for points without any is an error", () => {
  expect(() => visualPrompts(mask, { ...options, kind: "points", points: 0 })).toThrow(ConfigError);
});
