import { expect, test } from "vitest";
import { mapOfCapacity, type SaliencyMethodName, saliencyMethods } from "../../src/saliency/index.ts";
import { M2ibConfig } from "../../src/saliency/m2ib.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { loadTokenizer } from "../../src/text/load-tokenizer.ts";
import { clipPixels, openClip } from "./clip-cases.ts";
import { expectClose } from "./close.ts";
import { sharedPath } from "./shared-data.ts";

const bertBase = "data/vocab/bert_base_uncased_vocab.txt";

/** Rows of `pixels.safetensors`. */
const images = ["mri_brain_tumor/images/0008.png", "us_breast_tumor/images/busi_malignant_021.jpg"];

interface Case {
  case: number;
  image: string;
  sentence: string;
}

/** The patches' values that a method gives for cases of the reference. */
async function valuesOf(
  folder: string,
  cases: readonly Case[],
  name: SaliencyMethodName,
  settings: (index: number) => { layer?: number; steps?: number },
): Promise<Float32Array[]> {
  const clip = await openClip(folder);
  const tokenizer = await loadTokenizer(sharedPath(bertBase));
  const pixels = await clipPixels();
  const found: Float32Array[] = [];
  for (const [i, { image, sentence }] of cases.entries()) {
    const method = saliencyMethods[name].open(clip, { ...M2ibConfig.parse({}), layer: undefined, fast: false, ...settings(i) });
    const hidden = await method.hiddenTokens(pixels[images.indexOf(image)]!);
    found.push(await method.attribute(hidden, await clip.textFeatures(tokenizer.encode(sentence).ids)));
    await method.dispose();
  }
  await clip.dispose();
  return found;
}

/** Compares GradCAM at its default layer with `cam-<name>.safetensors`. */
export function gradcamCases(name: string, model: () => Promise<string>): void {
  test(`GradCAM on the ${name} model gives the reference's maps`, async () => {
    const { tensors, metadata } = await readSafetensors(sharedPath(`parity/saliency/cam-${name}.safetensors`));
    const { cases } = JSON.parse(metadata.case!) as { cases: Case[] };
    const found = await valuesOf(await model(), cases, "gradcam", () => ({}));
    expect(found).toHaveLength(cases.length);
    for (const [i, values] of found.entries()) {
      const expected = (what: string) => tensors.get(`${i}.gradcam.${what}`)!.data as Float32Array;
      const raw = expected("raw").map((value) => Math.max(0, value));
      // The tolerance of `cam`, whose largest value is 1, for the values that it is made of.
      expectClose(values, raw, 1e-3 * Math.max(...raw), `case ${i}: values`);
      const least = Math.min(...values);
      const most = Math.max(...values) - least;
      const cam = values.map((value) => (value - least) / (most + 1e-7));
      expectClose(cam, expected("cam"), 1e-3, `case ${i}: cam`);
      expectClose(mapOfCapacity(values, 224).map, expected("cam224"), 1e-3, `case ${i}: cam224`);
    }
  });
}

/** Compares NIB with `nib-tiny.safetensors`. */
export function nibCases(model: () => Promise<string>): void {
  test("NIB on the tiny model gives the reference's maps", async () => {
    const { tensors, metadata } = await readSafetensors(sharedPath("parity/saliency/nib-tiny.safetensors"));
    const { cases } = JSON.parse(metadata.case!) as { cases: (Case & { layer: number; nib_steps: number })[] };
    const found = await valuesOf(await model(), cases, "nib", (i) => ({ layer: cases[i]!.layer, steps: cases[i]!.nib_steps }));
    expect(found).toHaveLength(3);
    for (const [i, values] of found.entries()) {
      const expected = tensors.get(`${i}.nib_map`)!.data as Float32Array;
      expectClose(values, expected, 1e-3 * Math.max(...expected.map(Math.abs)), `case ${i}`);
    }
  });
}
