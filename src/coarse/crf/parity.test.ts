import { beforeAll, describe, expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { decodeGray, decodeMask, decodeRgb } from "../../../test/support/pictures.ts";
import { describeWith, sharedJson, sharedPath } from "../../../test/support/shared-data.ts";
import { type GrayImage, type Image, iouOf, opencvLinear, overlap } from "../../image/index.ts";
import { readSafetensors } from "../../tensor/safetensors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { CrfSettings, crfLogits } from "./crf.ts";

interface Case {
  readonly name: string;
  /** Relative to the folder of real images. */
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly foreground_lattice: number;
  readonly foreground_exact?: number;
}

interface Parameters {
  readonly gaussian_sxy: number;
  readonly gaussian_compat: number;
  readonly bilateral_sxy: number;
  readonly bilateral_srgb: number;
  readonly bilateral_compat: number;
  readonly tau: number;
  readonly epsilon: number;
  readonly iterations: number;
}

const folder = "parity/coarse";

describeWith([`${folder}/crf/crf.json`, "data"], "pydensecrf and the equations, on real images", () => {
  const { parameters, cases } = sharedJson<{ parameters: Parameters; cases: Case[] }>(`${folder}/crf/crf.json`);
  const settings = CrfSettings.parse({
    gaussianSxy: parameters.gaussian_sxy,
    gaussianCompat: parameters.gaussian_compat,
    bilateralSxy: parameters.bilateral_sxy,
    bilateralSrgb: parameters.bilateral_srgb,
    bilateralCompat: parameters.bilateral_compat,
    tau: parameters.tau,
    epsilon: parameters.epsilon,
    crfIterations: parameters.iterations,
  });

  test("the defaults are the parameters of the released script", () => expect(CrfSettings.parse({})).toEqual(settings));

  describe.each(cases)("$name", ({ name, image: file, width, height, foreground_lattice, foreground_exact }) => {
    let tensors: ReadonlyMap<string, Tensor>;
    let map: GrayImage;
    let image: Image;
    beforeAll(async () => {
      ({ tensors } = await readSafetensors(sharedPath(folder, "crf", `${name}.safetensors`)));
      const stored = await decodeGray(sharedPath(folder, "maps", `${name}.png`));
      map = opencvLinear(stored, { width, height });
      const bgr = tensors.get("image_bgr")?.data as Uint8Array | undefined;
      const whole = await decodeRgb(sharedPath("data", file));
      image = bgr ? { width, height, data: bgr.map((_, i) => bgr[i - (i % 3) + 2 - (i % 3)]!) } : whole;
    });

    const check = async (crfKernel: "lattice" | "exact", foreground: number, tolerance: number, iou: number) => {
      const logits = crfLogits(map, { ...settings, crfKernel }, image);
      const probability = logits.map((logit) => 1 / (1 + Math.exp(-logit)));
      const full = tensors.get(crfKernel)?.data as Float32Array | undefined;
      const strided = tensors.get(`${crfKernel}_foreground_stride8`)?.data as Float32Array;
      if (full) expectClose(probability, full.subarray(full.length / 2), tolerance, "probability");
      else expectClose(everyEighth(probability, width, height), strided, tolerance, "probability");
      const mask = { width, height, data: Uint8Array.from(logits, (logit) => (logit > 0 ? 1 : 0)) };
      const theirs = await decodeMask(sharedPath(folder, "crf", `${name}-${crfKernel}.png`));
      expect(theirs.data.reduce((sum, value) => sum + value, 0)).toBe(foreground);
      expect(iouOf(overlap(mask, theirs))).toBeGreaterThanOrEqual(iou);
    };

    test("lattice", () => check("lattice", foreground_lattice, 1e-3, 0.999));
    if (foreground_exact !== undefined) test("exact", () => check("exact", foreground_exact, 1e-4, 0.999));
  });
});

function everyEighth(values: Float32Array, width: number, height: number): number[] {
  const taken: number[] = [];
  for (let y = 0; y < height; y += 8) for (let x = 0; x < width; x += 8) taken.push(values[y * width + x]!);
  return taken;
}
