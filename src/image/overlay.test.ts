import fc from "fast-check";
import { expect, test } from "vitest";
import { anyMask } from "../../test/support/pictures.ts";
import { ShapeError } from "../errors.ts";
import { overlay } from "./overlay.ts";
import type { GrayImage, Image, Mask } from "./types.ts";

/** A picture of one gray level. */
const flat = (width: number, height: number, level = 100): Image => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(level),
});

/** A filled rectangle, ends exclusive. */
function rectangle(width: number, height: number, x0: number, y0: number, x1: number, y1: number, value = 1): Mask {
  const data = new Uint8Array(width * height);
  for (let y = y0; y < y1; y++) data.fill(value, y * width + x0, y * width + x1);
  return { width, height, data };
}

const at = ({ width, data }: Image, x: number, y: number) => Array.from(data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3));
const untouched = [100, 100, 100];
const cyan = [0, 238, 255];
const yellow = [255, 221, 0];

test("without layers the result is a copy of the image", () => {
  const image = flat(300, 200);
  const drawn = overlay(image, {});
  expect(drawn).toEqual(image);
  expect(drawn.data).not.toBe(image.data);
});

test("the mask is a closed contour on its outermost pixels with a dark rim; its inside is left alone", () => {
  const drawn = overlay(flat(300, 300), { mask: rectangle(300, 300, 50, 60, 150, 160) });
  for (const [x, y] of [
    [50, 60],
    [149, 60],
    [50, 159],
    [149, 159],
    [100, 60],
    [50, 100],
  ] as const)
    expect(at(drawn, x, y)).toEqual(cyan);
  for (const [x, y] of [
    [49, 100],
    [51, 100],
    [100, 59],
    [100, 160],
  ] as const)
    expect(at(drawn, x, y)[0]).toBeLessThan(60);
  for (const [x, y] of [
    [100, 100],
    [53, 63],
    [40, 100],
  ] as const)
    expect(at(drawn, x, y)).toEqual(untouched);
});

test("holes have a contour, too", () => {
  const mask = rectangle(300, 300, 50, 50, 150, 150);
  for (let y = 90; y < 110; y++) mask.data.fill(0, y * 300 + 90, y * 300 + 110);
  const drawn = overlay(flat(300, 300), { mask });
  expect(at(drawn, 100, 89)).toEqual(cyan);
  expect(at(drawn, 89, 100)).toEqual(cyan);
  expect(at(drawn, 100, 100)).toEqual(untouched);
});

test("every pixel of a mask that touches its background is on the contour, and no other", () => {
  fc.assert(
    fc.property(anyMask(12), (small) => {
      // Far from the size at which the picture would be enlarged, so that pixels stay pixels.
      const [width, height] = [300, 20];
      const mask = rectangle(width, height, 0, 0, 0, 0);
      small.data.forEach((value, i) => {
        mask.data[(3 + Math.floor(i / small.width)) * width + 3 + (i % small.width)] = value;
      });
      const drawn = overlay(flat(width, height), { mask });
      const set = (x: number, y: number) => mask.data[y * width + x] === 1;
      for (let y = 1; y < 18; y++) {
        for (let x = 1; x < 20; x++) {
          const onContour = set(x, y) && !(set(x - 1, y) && set(x + 1, y) && set(x, y - 1) && set(x, y + 1));
          expect(at(drawn, x, y).join() === cyan.join()).toBe(onContour);
        }
      }
    }),
  );
});

test("low saliency leaves the picture alone, high saliency tints it and never hides it", () => {
  const image = flat(300, 2);
  image.data.fill(160, 900); // the second row is brighter
  const saliency: GrayImage = { width: 300, height: 2, data: Uint8Array.from({ length: 600 }, (_, i) => Math.min(255, i % 300)) };
  const drawn = overlay(image, { saliency });
  expect(at(drawn, 0, 0)).toEqual(untouched);
  expect(at(drawn, 63, 0)).toEqual(untouched);
  const hot = at(drawn, 255, 0);
  expect(hot[0]! - hot[2]!).toBeGreaterThan(50); // warm
  const difference = at(drawn, 255, 1).map((value, c) => value - hot[c]!);
  for (const contrast of difference) expect(contrast).toBeGreaterThanOrEqual(30); // of 60
});

test("the coarse mask is dashed: white and dark in turn", () => {
  const drawn = overlay(flat(300, 300), { coarse: rectangle(300, 300, 50, 50, 250, 250) });
  const top = Array.from({ length: 190 }, (_, i) => at(drawn, 55 + i, 50)[0]! > 200);
  const white = top.filter(Boolean).length;
  expect(white / top.length).toBeGreaterThan(0.4);
  expect(white / top.length).toBeLessThan(0.6);
  expect(at(drawn, 150, 150)).toEqual(untouched);
});

test("a box is a yellow frame whose ends are exclusive; one that covers the picture lies on its edge", () => {
  const drawn = overlay(flat(300, 300), { boxes: [{ x0: 20, y0: 30, x1: 120, y1: 130 }] });
  for (const [x, y] of [
    [20, 30],
    [119, 129],
    [70, 30],
    [119, 80],
  ] as const)
    expect(at(drawn, x, y)).toEqual(yellow);
  expect(at(drawn, 70, 80)).toEqual(untouched);
  const whole = overlay(flat(300, 300), { boxes: [{ x0: 0, y0: 0, x1: 300, y1: 300 }] });
  expect(at(whole, 0, 0)).toEqual(yellow);
  expect(at(whole, 299, 299)).toEqual(yellow);
});

test("points on the target are green, those off it red; one at the edge is cut off", () => {
  const drawn = overlay(flat(300, 300), {
    points: [
      { x: 50, y: 60, label: 1 },
      { x: 200, y: 60, label: 0 },
      { x: 0, y: 299, label: 1 },
    ],
  });
  const [positive, negative, corner] = [at(drawn, 50, 60), at(drawn, 200, 60), at(drawn, 0, 299)];
  expect(positive[1]).toBe(255);
  expect(negative[0]).toBe(255);
  expect(corner).toEqual(positive);
  expect(at(drawn, 54, 60)).toEqual(positive); // an arm of the plus
  expect(at(drawn, 203, 63)).toEqual(negative); // an arm of the cross
});

test("small pictures are enlarged by a whole factor, layers with them", () => {
  const image = flat(100, 40);
  image.data[0] = 7;
  const drawn = overlay(image, { mask: rectangle(100, 40, 10, 10, 20, 20), boxes: [{ x0: 50, y0: 10, x1: 60, y1: 20 }] });
  expect([drawn.width, drawn.height]).toEqual([300, 120]);
  for (const [x, y] of [
    [0, 0],
    [2, 2],
  ] as const)
    expect(at(drawn, x, y)[0]).toBe(7);
  expect(at(drawn, 30, 30)).toEqual(cyan);
  expect(at(drawn, 59, 59)).toEqual(cyan);
  expect(at(drawn, 150, 30)).toEqual(yellow);
  expect(at(drawn, 179, 59)).toEqual(yellow);
});

test("lines grow with the picture: 1 pixel at 256, 2 at 768, 3 at 1500", () => {
  for (const [side, width] of [
    [256, 1],
    [768, 2],
    [1500, 3],
  ] as const) {
    const drawn = overlay(flat(side, 64), { mask: rectangle(side, 64, 100, 10, 200, 50) });
    const column = Array.from({ length: 30 }, (_, y) => at(drawn, 150, y).join() === cyan.join());
    expect(column.filter(Boolean)).toHaveLength(width);
  }
});

test("a layer of another size is refused by name", () => {
  expect(() => overlay(flat(30, 20), { coarse: rectangle(20, 30, 0, 0, 1, 1) })).toThrow(ShapeError);
  expect(() => overlay(flat(30, 20), { coarse: rectangle(20, 30, 0, 0, 1, 1) })).toThrow(
    "coarse and image must have the same size, got 20 x 30 and 30 x 20",
  );
});

test("a label stands in the lower left corner, white on black, and hides nothing else", () => {
  const drawn = overlay(flat(300, 200), { label: "T" });
  // 5 x 7 dots with their margin: the bar of the T lies in the second row of dots, its foot in the sixth.
  expect(at(drawn, 1, 194)).toEqual([255, 255, 255]);
  expect(at(drawn, 2, 198)).toEqual([255, 255, 255]);
  expect(at(drawn, 0, 193)).toEqual([0, 0, 0]);
  expect(at(drawn, 1, 198)).toEqual([0, 0, 0]);
  expect(at(drawn, 5, 199)).toEqual(untouched);
  expect(at(drawn, 0, 192)).toEqual(untouched);
});

test("several masks are contours in their own colours, drawn in their order", () => {
  const [left, right] = [rectangle(300, 300, 50, 60, 150, 160), rectangle(300, 300, 149, 60, 250, 160)];
  const masks = [
    { mask: left, colour: [1, 2, 3] },
    { mask: right, colour: [9, 8, 7] },
  ] as const;
  const drawn = overlay(flat(300, 300), { masks });
  expect(at(drawn, 50, 100)).toEqual([1, 2, 3]);
  expect(at(drawn, 249, 100)).toEqual([9, 8, 7]);
  expect(at(drawn, 149, 100)).toEqual([9, 8, 7]);
  expect(() => overlay(flat(9, 9), { masks: [{ mask: left, colour: [1, 2, 3] }] })).toThrow("masks[0] and image must have");
  expect(() => overlay(flat(300, 300), { masks: [{ mask: left, colour: [1, 2] as never }] })).toThrow(
    "overlay: masks[0].colour must be [red, green, blue] of 0 to 255",
  );
});
