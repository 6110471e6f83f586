import { expect, test } from "vitest";
import { type AugmentSettings, augmentPresets } from "../augment/index.ts";
import { type Image, type Mask, runsOfMask } from "../image/index.ts";
import { type AugmentRequest, augmentedView } from "./augmented-view.ts";

/** A dark picture with a bright rectangle, and its mask. */
function picture(width: number, height: number, inside: (x: number, y: number) => boolean): { image: Image; mask: Mask } {
  const data = new Uint8Array(3 * width * height);
  const mask = new Uint8Array(width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      mask[i] = inside(x, y) ? 1 : 0;
      data.fill(mask[i] ? 200 : 20, 3 * i, 3 * i + 3);
    }
  return { image: { width, height, data }, mask: { width, height, data: mask } };
}

const { image, mask } = picture(64, 64, (x, y) => x >= 40 && x < 56 && y >= 16 && y < 32);
const only = (settings: Partial<AugmentSettings>): AugmentSettings => ({ ...augmentPresets.none, ...settings });
const request = (changes: Partial<AugmentRequest> = {}): AugmentRequest => ({
  ...{ settings: augmentPresets.none, key: "a", epoch: 0, seed: 1, grid: 8, emptyCrops: 0 },
  outlines: [runsOfMask(mask)],
  ...changes,
});
const whole = { x0: 0, y0: 0, x1: 64, y1: 64 };

test("without any transform the picture and its coverage are those of the view", () => {
  const { pixels, coverage, isMirrored } = augmentedView(image, 64, whole, request());
  expect(pixels).toEqual(image.data);
  expect(isMirrored).toBe(false);
  const expected = Float32Array.from({ length: 64 }, (_, i) => (i % 8 >= 5 && i % 8 < 7 && i >> 3 >= 2 && i >> 3 < 4 ? 1 : 0));
  expect(coverage).toEqual(expected);
});

test("outlines move with the picture, and mirroring is told", () => {
  const settings = only({ mirror: { horizontal: 1, vertical: 0, words: true } });
  const { pixels, coverage, isMirrored } = augmentedView(image, 64, whole, request({ settings }));
  expect(isMirrored).toBe(true);
  for (let i = 0; i < 64; i++) {
    const [x, y] = [i % 8, i >> 3];
    const bright = pixels[3 * ((8 * y + 4) * 64 + 8 * x + 4)]! > 100;
    expect(coverage[i]! > 0.5).toBe(bright);
  }
  expect(coverage[2 * 8 + 1]).toBe(1);
});

test("a strong augmentation depends on key, epoch and seed alone", () => {
  const of = (changes: Partial<AugmentRequest>) =>
    augmentedView(image, 64, whole, request({ settings: augmentPresets.strong, ...changes }));
  expect(of({})).toEqual(of({}));
  for (const changes of [{ key: "b" }, { epoch: 1 }, { seed: 2 }]) expect(of(changes).pixels).not.toEqual(of({}).pixels);
});

test("an empty crop shows nothing of any outline; where every part shows some, the picture stays", () => {
  for (let epoch = 0; epoch < 20; epoch++) {
    const { pixels, coverage, isEmptyCrop } = augmentedView(image, 64, whole, request({ epoch, emptyCrops: 1 }));
    expect([Math.max(...coverage), isEmptyCrop]).toEqual([0, true]);
    expect(Math.max(...pixels)).toBeLessThan(60); // the filter of a resize rings a little beside an edge
  }
  const full = picture(64, 64, () => true);
  const { coverage, isEmptyCrop } = augmentedView(full.image, 64, whole, request({ emptyCrops: 1, outlines: [runsOfMask(full.mask)] }));
  expect([Math.min(...coverage), isEmptyCrop]).toEqual([1, false]);
});
