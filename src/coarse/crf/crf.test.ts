import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { anyGray, drawn, mirrored } from "../../../test/support/pictures.ts";
import { type Image, rgbImage } from "../../image/index.ts";
import { readSafetensors } from "../../tensor/safetensors.ts";
import { CrfSettings, crfLogits, crfMask } from "./crf.ts";

const settings = CrfSettings.parse({});
const probability = (logit: number) => 1 / (1 + Math.exp(-logit));
const flat = (width: number, height: number, level: number): Image =>
  rgbImage({ width, height, data: new Uint8Array(width * height).fill(level) });

test("one pixel: its unary energies, and the pull of the pixel on itself", () => {
  // K = 1 of one pixel is 1 after normalisation; on the lattice, too. p = 204 / 255 = 0.8:
  // U_bg = -ln 0.2 (1 + e^-0.2) / 1.05 = 2.7878, U_fg = -ln 0.8 (1 + e^-0.8) / 1.05 = 0.3080, x = 2.4798, x + 8 tanh(x / 2) = 9.273
  for (const crfKernel of ["lattice", "exact"] as const) {
    const [logit] = crfLogits({ width: 1, height: 1, data: Uint8Array.of(204) }, { ...settings, crfKernel }, flat(1, 1, 90));
    expect(logit).toBeCloseTo(2.47976 + 8 * Math.tanh(2.47976 / 2), 3);
  }
});

test("without weights, the mask is where the saliency is above one half", () => {
  fc.assert(
    fc.property(anyGray(9), (map) => {
      const { data } = crfMask(map, { ...settings, gaussianCompat: 0, bilateralCompat: 0 }, flat(map.width, map.height, 10));
      expect([...data]).toEqual([...map.data].map((level) => (level > 127 ? 1 : 0)));
    }),
  );
});

test("the mask follows the edge of the image, not that of a blurred map", () => {
  const shape = drawn("............", "............", "..########..", "..########..", "..########..", "............", "............");
  const image = rgbImage({ ...shape, data: shape.data.map((value) => (value ? 180 : 60)) });
  const rough = drawn("............", "...######...", ".#########..", "..######.##.", "..########..", "....#####...", "............");
  const map = { ...rough, data: rough.data.map((value) => (value ? 170 : 85)) };
  expect(crfMask(map, settings, image).data).toEqual(shape.data);
});

test("exact kernels do not mind a mirror", () => {
  fc.assert(
    fc.property(anyGray(8), (map) => {
      const image = rgbImage(map);
      const exact = { ...settings, crfKernel: "exact" } as const;
      const turned = crfLogits(mirrored(map), exact, rgbImage(mirrored(map)));
      const expected = crfLogits(map, exact, image);
      map.data.forEach((_, i) => {
        const x = i % map.width;
        expect(turned[i - x + map.width - 1 - x]).toBeCloseTo(expected[i]!, 3);
      });
    }),
    { numRuns: 30 },
  );
});

test("a map and an image of different sizes are an error that names both", () => {
  const map = { width: 3, height: 2, data: new Uint8Array(6) };
  expect(() => crfMask(map, settings, flat(4, 2, 0))).toThrow("map and image must have the same size, got 3 x 2 and 4 x 2");
});

test("scales too fine for the image are an error that names the settings", () => {
  const map = { width: 2, height: 2, data: new Uint8Array(4) };
  const image = rgbImage({ width: 2, height: 2, data: Uint8Array.of(0, 255, 0, 255) });
  expect(() => crfMask(map, { ...settings, bilateralSrgb: 1e-6 }, image)).toThrow(
    "Pass a larger --gaussian-sxy, --bilateral-sxy or --bilateral-srgb",
  );
});

describe("pydensecrf and the equations, on drawn pictures", async () => {
  const { tensors, metadata } = await readSafetensors(resolve(import.meta.dirname, "../../../test/golden/coarse/crf.safetensors"));
  const cases = Object.entries(JSON.parse(metadata.case!) as Record<string, object>);

  test.each(cases)("%s", (name, changed) => {
    const tensor = (part: string) => tensors.get(`${name}.${part}`)!;
    const [height, width] = tensor("map").shape as [number, number];
    const map = { width, height, data: tensor("map").data as Uint8Array };
    const image = { width, height, data: rgbOf(tensor("image_bgr").data as Uint8Array) };
    const lattice = crfLogits(map, CrfSettings.parse(changed), image);
    expectClose(lattice.map(probability), tensor("lattice").data as Float32Array, 1e-5, "lattice"); // measured 7e-7
    const exact = crfLogits(map, CrfSettings.parse({ ...changed, crfKernel: "exact" }), image);
    expectClose(exact.map(probability), tensor("exact").data as Float32Array, 1e-5, "exact");
  });
});

/** Samples in the other order. */
function rgbOf(bgr: Uint8Array): Uint8Array {
  return bgr.map((_, i) => bgr[i - (i % 3) + 2 - (i % 3)]!);
}
