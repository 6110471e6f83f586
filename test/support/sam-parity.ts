import { existsSync } from "node:fs";
import { expect } from "vitest";
import type { Mask } from "../../src/image/types.ts";
import type { Prediction, SamPredictor } from "../../src/segment/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { expectClose } from "./close.ts";
import { decodeMask, decodeRgb, sha256 } from "./pictures.ts";
import { iou, promptsOf, readSamCase, type SamCase, strided } from "./sam-cases.ts";
import { sharedPath } from "./shared-data.ts";

const promptNames = ["box", "boxes3", "point1", "points5", "both", "mask", "boxmask"];

/**
 * Compares image embedding, predictions and masks of a case with the reference.
 *
 * @returns a reason when the case cannot be compared here
 */
export async function compareCase(predictor: SamPredictor, file: string, prompts = promptNames): Promise<string | undefined> {
  const parity = await readSamCase(file);
  const name = file.replace(/\.safetensors$/, "");
  const image = await decodeRgb(parity.image);
  if (sha256(image.data) !== parity.imageSha256) {
    expect(parity.image, "only a JPEG may decode to other bytes").toMatch(/\.jpg$/);
    return `"${parity.image}" decodes to other bytes here`;
  }
  const { values } = await predictor.setImage(image);
  compareEmbedding(values, parity);
  for (const prompt of prompts) if (parity.tensors.has(`${prompt}.iou`)) await comparePrompt(predictor, parity, name, prompt);
  return undefined;
}

function compareEmbedding({ data, shape }: Tensor<"float32">, { tensors }: SamCase): void {
  const whole = tensors.get("embedding");
  if (whole) expectClose(data, whole.data as Float32Array, 1e-4, "embedding");
  const some = tensors.get("embedding_stride4");
  if (some) expectClose(strided(data, shape, [2, 3], 4), some.data as Float32Array, 1e-4, "embedding");
  const count = data.length / 256;
  const channels = Array.from({ length: 256 }, (_, i) => data.subarray(i * count, (i + 1) * count));
  const means = channels.map((channel) => channel.reduce((a, b) => a + b, 0) / count);
  const deviations = channels.map((channel, i) => Math.sqrt(channel.reduce((sum, x) => sum + (x - means[i]!) ** 2, 0) / count));
  expectClose(means, tensors.get("embedding_mean")!.data as Float32Array, 1e-5, "mean of each channel");
  expectClose(deviations, tensors.get("embedding_std")!.data as Float32Array, 1e-5, "deviation of each channel");
}

async function comparePrompt(predictor: SamPredictor, parity: SamCase, name: string, prompt: string): Promise<void> {
  const { tensors } = parity;
  const expected = (what: string): Float32Array => tensors.get(`${prompt}.${what}`)!.data as Float32Array;
  // A mask prompt is the prediction for the box.
  const withMask = prompt.includes("mask") ? { mask: (await predictor.predict(promptsOf(parity, "box")))[0]!.logitsOf(0) } : {};
  const predictions = await predictor.predict({ ...promptsOf(parity, prompt), ...withMask });
  const joined = (of: (prediction: Prediction) => Float32Array) => Float32Array.from(predictions.flatMap((p) => Array.from(of(p))));
  const what = `${name}, ${prompt}`;

  expectClose(
    joined(({ scores }) => scores),
    expected("iou"),
    1e-5,
    `${what}: iou`,
  );
  for (const stride of [4, 8]) {
    if (!tensors.has(`${prompt}.logits_stride${stride}`)) continue;
    const some = joined(({ logits }) => strided(logits, [4, 256, 256], [1, 2], stride));
    expectClose(some, expected(`logits_stride${stride}`), 5e-4, `${what}: logits of all masks`);
  }
  if (tensors.has(`${prompt}.logits`))
    expectClose(
      joined((p) => p.logitsOf(0)),
      expected("logits"),
      5e-4,
      `${what}: logits`,
    );
  if (tensors.has(`${prompt}.full_stride8`)) {
    const full = joined((p) => {
      const { width, height, data } = p.fullLogits(0);
      return strided(data, [height, width], [0, 1], 8);
    });
    expectClose(full, expected("full_stride8"), 5e-4, `${what}: logits at the image's size`);
  }
  for (const [i, prediction] of predictions.entries()) await compareMask(`${name}-${prompt}-${i}`, prediction.mask());
  for (const i of [1, 2, 3]) {
    const file = `${name}-${prompt}-multi${i}`;
    if (existsSync(maskPath(file))) await compareMask(file, predictions[0]!.mask(i));
  }
}

const maskPath = (file: string): string => sharedPath("parity", "sam", "masks", `${file}.png`);

async function compareMask(file: string, mask: Mask): Promise<void> {
  expect(iou(mask, await decodeMask(maskPath(file))), `IoU with ${file}`).toBeGreaterThanOrEqual(0.9995);
}
