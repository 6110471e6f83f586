import { expect } from "vitest";
import type { SamPredictor } from "../../src/segment/index.ts";
import { samInput } from "../../src/segment/index.ts";
import { expectClose } from "./close.ts";
import { decodeMask, decodeRgb } from "./pictures.ts";
import { boxOf, iou, readSamCase, strided } from "./sam-cases.ts";
import { sharedPath } from "./shared-data.ts";

/** Compares input, embedding, logits, scores and masks of a MedSAM case with the reference. */
export async function compareMedsam(predictor: SamPredictor, file: string): Promise<void> {
  const parity = await readSamCase(file);
  const expected = (name: string) => parity.tensors.get(name)!.data as Float32Array;
  const image = await decodeRgb(parity.image);
  const { pixels } = samInput(image, predictor.config);
  // A level may differ by 1 of 255 where the spline hits a whole number.
  expectClose(strided(pixels.data, pixels.shape, [2, 3], 16), expected("pixels_stride16"), 1e-6, "pixels");
  const { values } = await predictor.setImage(image);
  expectClose(strided(values.data, values.shape, [2, 3], 4), expected("embedding_stride4"), 1e-4, "embedding");
  const boxes = [0, 1].map((i) => boxOf((parity.tensors.get("boxes")!.data as Int32Array).slice(4 * i, 4 * i + 4)));
  const predictions = await predictor.predict({ boxes });
  for (const [i, prediction] of predictions.entries()) {
    const found = strided(prediction.logitsOf(0), [256, 256], [0, 1], 4);
    expectClose(found, expected("logits_stride4").subarray(i * 64 * 64, (i + 1) * 64 * 64), 5e-4, `logits of box ${i}`);
    expectClose(prediction.scores.subarray(0, 1), expected("iou").subarray(i, i + 1), 1e-5, `score of box ${i}`);
    const { width, height, data } = prediction.fullLogits();
    const probability = strided(data, [height, width], [0, 1], 4).map((z) => 1 / (1 + Math.exp(-z)));
    const all = expected("probability_stride4");
    const size = all.length / 2;
    expectClose(probability, all.subarray(i * size, (i + 1) * size), 1e-4, `probability of box ${i}`);
    const mask = await decodeMask(sharedPath("parity", "sam", "masks", `${file.replace(".safetensors", "")}-${i}.png`));
    expect(iou(prediction.mask(), mask), `mask of box ${i}`).toBeGreaterThanOrEqual(0.999);
  }
}
