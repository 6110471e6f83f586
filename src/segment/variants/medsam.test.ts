import { expect, test } from "vitest";
import { expectClose } from "../../../test/support/close.ts";
import { compareMedsam } from "../../../test/support/medsam-parity.ts";
import { randomModel } from "../../../test/support/models.ts";
import { decodeRgb } from "../../../test/support/pictures.ts";
import { readSamCase, strided } from "../../../test/support/sam-cases.ts";
import { describeWith } from "../../../test/support/shared-data.ts";
import { locateSam } from "../../hub/locate.ts";
import { SamPredictor } from "../index.ts";
import { samInput } from "./index.ts";
import { medsam } from "./medsam.ts";

const square = (side: number) => ({ variant: "medsam", imageSize: side }) as const;

test("levels are stretched to [0, 1] over all channels", () => {
  const image = { width: 2, height: 2, data: Uint8Array.of(10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60) };
  const { pixels, resized } = samInput(image, square(2));
  expect(resized).toEqual({ width: 2, height: 2 });
  expectClose(pixels.data, [0, 0.6, 0, 0.6, 0.2, 0.8, 0.2, 0.8, 0.4, 1, 0.4, 1], 1e-7);
});

test("an image of one level is all 0", () => {
  const image = { width: 3, height: 1, data: new Uint8Array(9).fill(7) };
  expect(samInput(image, square(4)).pixels.data.every((value) => value === 0)).toBe(true);
});

test("a box is scaled along each axis by itself, as the image is", () => {
  expect(medsam.sizeWithin({ width: 10, height: 70 }, 1024)).toEqual({ width: 1024, height: 1024 });
});

test("probabilities are enlarged: halfway between a sure and an unsure pixel the sure one wins", () => {
  const placement = { size: { width: 8, height: 2 }, resized: { width: 2, height: 2 }, side: 2 };
  const { data } = medsam.enlarge(Float32Array.of(8, -4, 8, -4), placement);
  const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
  // The fourth pixel of 8 lies at 1.25 of 2, a quarter of the way from the first to the second.
  const share = (3 + 0.5) / 4 - 0.5;
  expectClose([sigmoid(data[3]!)], [(1 - share) * sigmoid(8) + share * sigmoid(-4)], 1e-6);
  expect(medsam.enlarge(Float32Array.of(90, 90, -90, -90), placement).data.every(Number.isFinite)).toBe(true);
});

const file = "medsam-tiny.safetensors";

describeWith([`parity/sam/${file}`], "MedSAM's own preparation of images and masks", () => {
  test("the levels of the stretched image", async () => {
    const parity = await readSamCase(file);
    const levels = medsam.resize(await decodeRgb(parity.image), 1024).data;
    const expected = parity.tensors.get("levels_stride8")!.data as Uint8Array;
    const found = strided(Float32Array.from(levels), [1024, 1024, 3], [0, 1], 8);
    expectClose(found, Float32Array.from(expected), 1, "levels");
    // The spline hits whole numbers, where rounding decides, in 0.04 % of the values.
    const different = found.reduce((count, level, i) => count + (level === expected[i] ? 0 : 1), 0);
    expect(different / found.length, "levels that differ").toBeLessThan(5e-4);
  });

  test("boxes to masks", async () => {
    const predictor = await SamPredictor.open((await locateSam(await randomModel("medsam-tiny"))).weights);
    expect(predictor.config.variant).toBe("medsam");
    await compareMedsam(predictor, file);
    await predictor.dispose();
  });
});
