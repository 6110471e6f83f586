import fc from "fast-check";
import { expect, test } from "vitest";
import { expectClose } from "../../test/support/close.ts";
import { decodeRgb, sha256 } from "../../test/support/pictures.ts";
import { describeWith, sharedPath } from "../../test/support/shared-data.ts";
import { readSafetensors } from "../tensor/safetensors.ts";
import { bilinear } from "./bilinear.ts";
import { pillowResize } from "./pillow-resize.ts";
import { clipView, type Fit, partOfImage, placeMap, stretchMap } from "./place.ts";
import type { Image } from "./types.ts";

const fits: Fit[] = ["crop", "squash", "pad"];

/** A picture whose levels tell where they are. */
function picture(width: number, height: number): Image {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return (x * 7 + y * 13 + (i % 3) * 50 + ((x * y) % 11) * 9) % 256;
  });
  return { width, height, data };
}

test("the crop lies in the middle, offsets rounded down", () => {
  const window = (width: number, height: number) => clipView(picture(width, height), "crop").window;
  // 640 x 480 -> floor(298.67) x 224, offset 37; 300 x 200 -> 336 x 224, offset 56; 1000 x 1003 -> 224 x 224
  expect(window(640, 480)).toMatchObject({ scaleX: 298 / 640, scaleY: 224 / 480, offsetX: 37, offsetY: 0 });
  expect(window(300, 200)).toMatchObject({ scaleX: 336 / 300, offsetX: 56, box: { x0: 50, y0: 0, x1: 250, y1: 200 } });
  expect(window(1000, 1003)).toMatchObject({ scaleY: 224 / 1003, offsetY: 0, box: { x0: 0, y0: 0, x1: 1000, y1: 1003 } });
  expect(window(640, 480).box).toEqual({ x0: 79, y0: 0, x1: 561, y1: 480 }); // centres in [37 · 640 / 298, 261 · 640 / 298) = [79.46, 560.54)
});

test("padding shows the whole image between black bars", () => {
  const white = { width: 4, height: 2, data: new Uint8Array(24).fill(255) };
  const { pixels, window } = clipView(white, "pad", 8);
  const column = Array.from({ length: 8 }, (_, y) => pixels.data[y * 24]!);
  expect(column[0]).toBe(0);
  expect(column[3]).toBe(255);
  expect(column.slice().reverse()).toEqual(column);
  expect(window).toEqual({ scaleX: 2, scaleY: 2, offsetX: 0, offsetY: -2, box: { x0: 0, y0: 0, x1: 4, y1: 2 } });
});

test("padding equals resizing the padded square", () => {
  const size = fc.integer({ min: 1, max: 24 });
  fc.assert(
    fc.property(size, size, (width, height) => {
      const image = picture(width, height);
      const side = Math.max(width, height);
      const square = { width: side, height: side, data: new Uint8Array(side * side * 3) };
      const [left, top] = [Math.floor((side - width) / 2), Math.floor((side - height) / 2)];
      for (let y = 0; y < height; y++) {
        square.data.set(image.data.subarray(y * width * 3, (y + 1) * width * 3), ((top + y) * side + left) * 3);
      }
      expect(clipView(image, "pad", 16).pixels).toEqual(pillowResize(square, { width: 16, height: 16 }, "bicubic"));
    }),
  );
});

interface Case {
  key: string;
  source: "data" | "images";
  image: string;
  rgb_sha256: string;
}

describeWith(["parity/clip/preprocess.safetensors", "data"], "pictures prepared for CLIP by Pillow", async () => {
  const { tensors, metadata } = await readSafetensors(sharedPath("parity/clip/preprocess.safetensors"));
  const { cases } = JSON.parse(metadata.case!) as { cases: Case[] };
  const names: Record<string, Fit> = { reference: "crop", squash: "squash", pad: "pad" };
  test.for(cases)("$key: $image", async ({ key, source, image, rgb_sha256 }, { skip }) => {
    const decoded = await decodeRgb(sharedPath(source === "data" ? "data" : "parity/clip/images", image));
    skip(sha256(decoded.data) !== rgb_sha256, "a plain decoder gives other pixels; the tests of scans read this file");
    const expected = Object.keys(names).filter((name) => tensors.has(`${key}.${name}`));
    expect(expected).toContain("reference");
    for (const name of expected) {
      expectClose(clipView(decoded, names[name]!).pixels.data, tensors.get(`${key}.${name}`)!.data as Uint8Array, 0, name);
    }
  });
});

test("the part of a view that shows the image leaves out the padding, and is all of it otherwise", () => {
  const all = { x0: 0, y0: 0, x1: 16, y1: 16 };
  const partOf = (width: number, height: number, fit: Fit) => {
    const image = picture(width, height);
    return partOfImage(clipView(image, fit, 16).window, image, 16);
  };
  expect(partOf(40, 20, "pad")).toEqual({ ...all, y0: 4, y1: 12 }); // 40 pixels in 16: bars of 10 above and below
  expect(partOf(20, 40, "pad")).toEqual({ ...all, x0: 4, x1: 12 });
  for (const fit of ["crop", "squash"] as const) expect(partOf(40, 20, fit)).toEqual(all);
});

test("a window holds just the pixels whose centres lie in the view, and at least one", () => {
  const size = fc.integer({ min: 1, max: 400 });
  fc.assert(
    fc.property(size, size, fc.constantFrom(...fits), fc.constantFrom(16, 224), (width, height, fit, side) => {
      const { scaleX, scaleY, offsetX, offsetY, box } = clipView(
        { width, height, data: new Uint8Array(width * height * 3) },
        fit,
        side,
      ).window;
      const inside = (at: number) => at >= 0 && at < side;
      for (let x = 0; x < width; x++) expect(inside((x + 0.5) * scaleX - offsetX)).toBe(x >= box.x0 && x < box.x1);
      for (let y = 0; y < height; y++) expect(inside((y + 0.5) * scaleY - offsetY)).toBe(y >= box.y0 && y < box.y1);
      expect(box.x1 > box.x0 && box.y1 > box.y0).toBe(true);
      if (fit !== "crop") expect(box).toEqual({ x0: 0, y0: 0, x1: width, y1: height });
    }),
    { numRuns: 60 },
  );
});

test.for([
  [1, 1],
  [5, 1],
  [1, 5],
  [400, 37],
  [3, 20000],
])("%i x %i pixels work with every fit", ([width, height]) => {
  for (const fit of fits) {
    const { pixels, window } = clipView(picture(width!, height!), fit);
    expect(pixels.data).toHaveLength(224 * 224 * 3);
    const placed = placeMap(new Float32Array(224 * 224).fill(0.5), 224, window, { width: width!, height: height! });
    const { x0, y0, x1, y1 } = window.box;
    expect(placed.data.reduce((sum, value) => sum + value, 0)).toBe(0.5 * (x1 - x0) * (y1 - y0));
  }
});

test("a map placed in a window is bilinear inside and 0 outside", () => {
  // A 4 x 2 image seen by a view of 2 x 2 at scale 1: columns 1 and 2 are seen, at the centres of the view's pixels.
  const { window } = clipView(picture(4, 2), "crop", 2);
  const placed = placeMap(Float32Array.of(0.1, 0.2, 0.3, 0.4), 2, window, { width: 4, height: 2 });
  expectClose(placed.data, [0, 0.1, 0.2, 0, 0, 0.3, 0.4, 0], 1e-7);
});

test("a squashed map is placed as torch would resize it", () => {
  const map = Float32Array.from({ length: 224 * 224 }, (_, i) => ((i * 7919) % 1000) / 1000);
  for (const size of [
    { width: 317, height: 251 },
    { width: 40, height: 30 },
  ]) {
    const { window } = clipView({ ...size, data: new Uint8Array(size.width * size.height * 3) }, "squash");
    expectClose(placeMap(map, 224, window, size).data, bilinear({ width: 224, height: 224, data: map }, size).data, 5e-5);
  }
});

test("a placed map moves with a blob: its brightest pixel is where the blob was", () => {
  const image = picture(300, 200);
  const { window } = clipView(image, "crop");
  const [x, y] = [120, 60];
  const [u, v] = [(x + 0.5) * window.scaleX - window.offsetX, (y + 0.5) * window.scaleY - window.offsetY];
  const map = Float32Array.from({ length: 224 * 224 }, (_, i) =>
    Math.exp(-((((i % 224) + 0.5 - u) ** 2 + (Math.floor(i / 224) + 0.5 - v) ** 2) / 50)),
  );
  const placed = placeMap(map, 224, window, image).data;
  expect(placed.indexOf(Math.max(...placed))).toBe(y * 300 + x);
});

test("stretching covers the whole image with the map's own values", () => {
  const map = Float32Array.of(0, 0.25, 0.5, 1);
  const { data } = stretchMap(map, 2, { width: 4, height: 2 });
  expect([...data]).toEqual([0, 0, 0.25, 0.25, 0.5, 0.5, 1, 1]);
});
