import fc from "fast-check";
import { expect, test } from "vitest";
import { largestDifference } from "../../test/support/close.ts";
import { describeWith, readCase, sharedPath } from "../../test/support/shared-data.ts";
import { clipView } from "../image/index.ts";
import { decodePair } from "./decode-pair.ts";
import { centreView, cropDraws, cropView, randomCrop } from "./views.ts";

test("a crop lies in the image, and has the wanted shape wherever that fits", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }), fc.string(), (width, height, key) => {
      const { box } = randomCrop({ width, height }, cropDraws(key, 0, 1));
      expect(box.x0).toBeGreaterThanOrEqual(0);
      expect(box.y0).toBeGreaterThanOrEqual(0);
      expect(box.x1).toBeLessThanOrEqual(width);
      expect(box.y1).toBeLessThanOrEqual(height);
      expect(box.x1).toBeGreaterThan(box.x0);
      expect(box.y1).toBeGreaterThan(box.y0);
    }),
  );
});

test("an image too long for the range is cut in the middle: 1000 x 30 to 40 x 30", () => {
  const { box, attempts } = randomCrop({ width: 1000, height: 30 }, cropDraws("a", 0, 1));
  expect(box).toEqual({ x0: 480, y0: 0, x1: 520, y1: 30 });
  expect(attempts).toBe(11);
});

test("draws depend on the seed, the epoch and the key", () => {
  const draws = [cropDraws("a", 0, 1), cropDraws("b", 0, 1), cropDraws("a", 1, 1), cropDraws("a", 0, 2)].map((draw) => draw(0));
  expect(new Set(draws.map(String)).size).toBe(4);
  expect(cropDraws("a", 0, 1)(3)).toEqual(cropDraws("a", 0, 1)(3));
});

test("the middle of a side of 287 is 32 from the edge: halves go to the even number", () => {
  // A picture whose shorter side is 224 is not resized: the red channel tells the column.
  const data = new Uint8Array(287 * 224 * 3).map((_, i) => (i % 3 === 0 ? (Math.floor(i / 3) % 287) % 256 : 0));
  expect(centreView({ width: 287, height: 224, data }, 224).data[0]).toBe(32);
});

describeWith(["parity/learn/augmentation.safetensors", "data"], "augmentation of the reference", () => {
  interface Case {
    size: number;
    crops: ({ image: string; box: number[] } | { given: string; box: number[]; size: number })[];
  }
  const file = "parity/learn/augmentation.safetensors";

  test("all boxes are the same, after as many attempts", async () => {
    const { tensors } = await readCase(file);
    const [draws, boxes, tries, sizes] = ["draws", "box", "attempts", "size"].map((name) => tensors.get(name)!.data as Float32Array);
    const [count, attemptsEach] = tensors.get("draws")!.shape as [number, number];
    for (let k = 0; k < count; k++) {
      const at = (attempt: number) => 4 * (attemptsEach * k + attempt);
      const rows = (attempt: number) => Array.from(draws!.subarray(at(attempt), at(attempt) + 4));
      const [height, width] = [sizes![2 * k]!, sizes![2 * k + 1]!];
      const { box, attempts } = randomCrop({ width, height }, (attempt) => rows(attempt) as [number, number, number, number]);
      expect([box.y0, box.x0, box.y1 - box.y0, box.x1 - box.x0, attempts]).toEqual([...boxes!.subarray(4 * k, 4 * k + 4), tries![k]]);
    }
  });

  test("given pictures are resized exactly, real ones within one level", async () => {
    const { tensors, settings } = await readCase<Case>(file);
    const { crops, size } = settings;
    const source = tensors.get("given.source")!;
    for (const [i, crop] of crops.entries()) {
      const [top, left, height, width] = crop.box as [number, number, number, number];
      const box = { x0: left, y0: top, x1: left + width, y1: top + height };
      if ("given" in crop) {
        const image = { width: source.shape[1]!, height: source.shape[0]!, data: source.data as Uint8Array };
        expect(cropView(image, box, crop.size).data, crop.given).toEqual(tensors.get(`given.${crop.given}`)!.data);
        continue;
      }
      const { shape, data } = tensors.get(`crop${i}.result`)!;
      const view = cropView(await decodePair({ file: sharedPath("data", crop.image) }, "reference"), box, size);
      const expected =
        shape.length === 3 ? (data as Uint8Array) : new Uint8Array(3 * data.length).map((_, k) => Number(data[Math.floor(k / 3)]));
      expect(largestDifference(view.data, expected), crop.image).toBeLessThanOrEqual(1);
    }
  });
});

describeWith(["parity/learn/finetune-data.safetensors", "data"], "resized pictures of the reference", () => {
  test("are the same; some one row or column further, as their offset was rounded down", async () => {
    const { tensors, settings } = await readCase<{ images: string[] }>("parity/learn/finetune-data.safetensors");
    const { images } = settings;
    const expected = tensors.get("images")!.data as Uint8Array;
    const side = tensors.get("images")!.shape[1]!;
    for (const [i, file] of images.entries()) {
      const image = await decodePair({ file: sharedPath("data", file) }, "reference");
      const longer = Math.floor((side * Math.max(image.width, image.height)) / Math.min(image.width, image.height));
      const isMoved = (longer - side) % 4 === 3; // half of (longer - side) ends in .5 above an odd number
      const { data } = isMoved ? clipView(image, "crop", side).pixels : centreView(image, side);
      const gray = data.filter((_, k) => k % 3 === 0);
      expect(largestDifference(gray, expected.subarray(i * side * side, (i + 1) * side * side)), file).toBeLessThanOrEqual(1);
    }
  });
});
