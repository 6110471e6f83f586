import { expect, test } from "vitest";
import { opencvNearest, toGray } from "../../src/image/index.ts";
import type { ClipModel } from "../../src/models/clip/index.ts";
import { ensembleFeature, M2ib, M2ibConfig, mapOfCapacity } from "../../src/saliency/index.ts";
import { normal } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { clipOfCase, clipPixels, openClip, tokenizerOfCase } from "./clip-cases.ts";
import { expectClose, largestDifference } from "./close.ts";
import { type CaseFile, readCase } from "./shared-data.ts";

const folder = "parity/saliency";

interface Case {
  key: string;
  image: string;
  image_size: [number, number];
  sentence: string;
  layer: number;
  beta: number;
  steps: number;
  samples: number;
}

export interface M2ibFile {
  model: string;
  cases: Case[];
}

export interface ClassNoiseFile {
  model: string;
  cases: ClassNoiseCase[];
}

export interface EnsembleFile extends Omit<Case, "sentence"> {
  model: string;
  sentences: string[];
}

interface ClassNoiseCase extends Pick<Case, "image" | "sentence" | "layer"> {
  case: number;
  m2ib: Pick<Case, "beta" | "steps" | "samples">;
}

/** Tolerances of the cases' README; errors of the map are relative to its maximum. */
const tolerance = { cosine: 2e-5, kl: 5e-5, correlation: 0.999999, cells: 2e-4, worst: 1e-3, map: 1e-3 };

/** The noise of the cases: one stream for all images, steps leading. */
function caseNoise(shape: readonly [number, number, number, number], seed: number): Tensor<"float32"> {
  return tensor("float32", shape, normal("m2ib/eps", seed, shape[0] * shape[1] * shape[2] * shape[3]));
}

/**
 * Compares the cases of a file of M2IB maps.
 *
 * @param options.model - by default the one that the file names
 * @param options.only - which of the cases; default: all
 * @param options.most - steps after which to stop, where a large model takes seconds a step: the losses up to there are compared, not the map
 */
export function m2ibCases(
  { file, settings }: CaseFile<M2ibFile>,
  {
    model,
    only = () => true,
    most = Number.POSITIVE_INFINITY,
  }: { model?: () => Promise<ClipModel>; only?: (key: string, index: number) => boolean; most?: number } = {},
): void {
  test(`M2IB on the ${settings.model} model gives the reference's losses${Number.isFinite(most) ? ` of ${most} steps` : " and maps"}`, async () => {
    const { tensors } = await readCase(folder, file);
    const clip = await openClip(await (model ? model() : clipOfCase(settings)));
    const tokenizer = await tokenizerOfCase(settings);
    const pixels = await clipPixels();
    for (const { key, image, image_size, sentence, layer, beta, steps: all, samples } of settings.cases.filter(({ key }, index) =>
      only(key, index),
    )) {
      const steps = Math.min(all, most);
      const m2ib = new M2ib(clip, M2ibConfig.parse({ layer, beta, steps, samples }), { trace: true });
      const hidden = await m2ib.hiddenTokens(pixels.get(image)!);
      const text = await clip.textFeatures(tokenizer.encode(sentence).ids);
      const result = await m2ib.attribute(hidden, text, m2ib.splitNoise(caseNoise(m2ib.noiseShape, settings.seed)));
      const expected = (what: string) => tensors.get(`${key}.${what}`)?.data as Float32Array | undefined;

      expectSameLosses(result.trace!.losses, expected("losses")!.subarray(0, 3 * steps), key);
      if (steps < all) {
        await m2ib.dispose();
        continue;
      }
      expectSameMap(result.capacity, expected("kl_map")!, key);
      const side = clip.config.vision.imageSize;
      const { map } = mapOfCapacity(result.capacity, side);
      const map224 = expected("map224");
      if (map224) expectClose(map, map224, tolerance.map, `${key}: map224`);
      const pixelsU8 = tensors.get(`${key}.final_u8`)?.data as Uint8Array | undefined;
      if (pixelsU8) {
        const [width, height] = image_size;
        const gray = toGray(opencvNearest({ width: side, height: side, data: map }, { width, height }));
        const off = pixelsU8.reduce((count, level, i) => count + (Math.abs(level - gray.data[i]!) > 1 ? 1 : 0), 0);
        expect(off / pixelsU8.length, `${key}: pixels off by more than one level`).toBeLessThan(1e-3);
      }
      if (expected("alpha_first")) expectSameTrace(result.trace!, expected, steps, key);
      await m2ib.dispose();
    }
    await clip.dispose();
  });
}

/** The class token held at noise. */
export function classNoiseCases({ file, settings }: CaseFile<ClassNoiseFile>): void {
  test(`M2IB with the class token held at noise gives the reference's losses and maps: ${file}`, async () => {
    const { tensors } = await readCase(folder, file);
    const clip = await openClip(await clipOfCase(settings));
    const tokenizer = await tokenizerOfCase(settings);
    const pixels = await clipPixels();
    for (const { case: number, image, sentence, layer, m2ib: config } of settings.cases) {
      const m2ib = new M2ib(clip, M2ibConfig.parse({ layer, ...config, classToken: "noise" }), { trace: true });
      const hidden = await m2ib.hiddenTokens(pixels.get(image)!);
      const text = await clip.textFeatures(tokenizer.encode(sentence).ids);
      const result = await m2ib.attribute(hidden, text, m2ib.splitNoise(caseNoise(m2ib.noiseShape, settings.seed)));
      const expected = (what: string) => tensors.get(`${number}.${what}`)!.data as Float32Array;
      expectSameLosses(result.trace!.losses, expected("class_noise_losses"), `case ${number}`);
      expectSameMap(result.capacity, expected("class_noise_kl_map"), `case ${number}`);
      await m2ib.dispose();
    }
    await clip.dispose();
  });
}

/** An ensemble of text prompts. */
export function ensembleCase({ file, settings }: CaseFile<EnsembleFile>): void {
  test(`an ensemble of sentences gives the reference's target and map: ${file}`, async () => {
    const { tensors } = await readCase(folder, file);
    const { image, sentences, layer, beta, steps, samples, seed } = settings;
    const clip = await openClip(await clipOfCase(settings));
    const tokenizer = await tokenizerOfCase(settings);
    const features = [];
    for (const sentence of sentences) features.push(await clip.textFeatures(tokenizer.encode(sentence).ids));
    const target = ensembleFeature(features);
    expectClose(target, tensors.get("ensemble_feature")!.data as Float32Array, 1e-5, "target");
    const m2ib = new M2ib(clip, M2ibConfig.parse({ layer, beta, steps, samples }));
    const { capacity } = await m2ib.attribute(
      await m2ib.hiddenTokens((await clipPixels()).get(image)!),
      target,
      m2ib.splitNoise(caseNoise(m2ib.noiseShape, seed)),
    );
    expectSameMap(capacity, tensors.get("kl_map")!.data as Float32Array, "ensemble");
    await m2ib.dispose();
    await clip.dispose();
  });
}

/** @param actual - [steps, 3] mean KL, mean cosine and loss */
function expectSameLosses({ data }: Tensor, expected: Float32Array, what: string): void {
  const actual = data as Float32Array;
  expect(actual.length, `${what}: losses`).toBe(expected.length);
  for (let i = 0; i < expected.length; i += 3) {
    expect(Math.abs(actual[i]! / expected[i]! - 1), `${what}: KL at step ${i / 3}`).toBeLessThan(tolerance.kl);
    expect(Math.abs(actual[i + 1]! - expected[i + 1]!), `${what}: cosine at step ${i / 3}`).toBeLessThan(tolerance.cosine);
  }
}

function expectSameMap(actual: Float32Array, expected: Float32Array, what: string): void {
  const largest = Math.max(...expected);
  const errors = Array.from(expected, (value, i) => Math.abs(value - actual[i]!) / largest).sort((a, b) => a - b);
  expect(correlation(actual, expected), `${what}: correlation`).toBeGreaterThanOrEqual(tolerance.correlation);
  expect(errors[Math.floor(0.99 * errors.length)], `${what}: 99 % of the cells`).toBeLessThanOrEqual(tolerance.cells);
  expect(errors.at(-1), `${what}: worst cell`).toBeLessThanOrEqual(tolerance.worst);
}

function expectSameTrace(
  trace: { alpha: Tensor; gradient: Tensor; kl: Tensor },
  expected: (what: string) => Float32Array | undefined,
  steps: number,
  key: string,
): void {
  const size = trace.alpha.data.length / steps;
  const at = ({ data }: Tensor, step: number) => (data as Float32Array).subarray(step * size, (step + 1) * size);
  const gradient = expected("gradient_first")!;
  const largest = gradient.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largestDifference(at(trace.gradient, 0), gradient) / largest, `${key}: first gradient`).toBeLessThanOrEqual(1e-3);
  const alpha = expected("alpha_first")!;
  const first = at(trace.alpha, 0);
  const off = alpha.reduce((count, value, i) => count + (Math.abs(value - first[i]!) > 0.01 ? 1 : 0), 0);
  expect(off / size, `${key}: α after the first update`).toBeLessThanOrEqual(1e-3);
}

function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (x: Float32Array) => x.reduce((sum, value) => sum + value, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}
