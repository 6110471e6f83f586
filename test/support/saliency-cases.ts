import { test } from "vitest";
import { mapOfCapacity, type SaliencyMethodName, saliencyMethods } from "../../src/saliency/index.ts";
import { M2ibConfig } from "../../src/saliency/m2ib.ts";
import { clipOfCase, clipPixels, openClip, tokenizerOfCase } from "./clip-cases.ts";
import { expectClose } from "./close.ts";
import { type CaseFile, readCase } from "./shared-data.ts";

const folder = "parity/saliency";

interface Case {
  case: number;
  image: string;
  sentence: string;
}

interface SaliencyFile<C extends Case> {
  model: string;
  cases: C[];
}

/** The values per patch that a method gives for the reference cases. */
async function valuesOf<C extends Case>(
  file: SaliencyFile<C> & { seed: number },
  name: SaliencyMethodName,
  settings: (item: C) => { layer?: number; steps?: number },
): Promise<Float32Array[]> {
  const clip = await openClip(await clipOfCase(file));
  const tokenizer = await tokenizerOfCase(file);
  const pixels = await clipPixels();
  const found: Float32Array[] = [];
  for (const item of file.cases) {
    const method = saliencyMethods[name].open(clip, { ...M2ibConfig.parse({}), layer: undefined, fast: false, ...settings(item) });
    const hidden = await method.hiddenTokens(pixels.get(item.image)!);
    found.push(await method.attribute(hidden, await clip.textFeatures(tokenizer.encode(item.sentence).ids)));
    await method.dispose();
  }
  await clip.dispose();
  return found;
}

export type GradcamFile = SaliencyFile<Case>;
export type NibFile = SaliencyFile<Case & { layer: number; nib_steps: number }>;

/** Compares GradCAM at its default layer. */
export function gradcamCases({ file, settings }: CaseFile<GradcamFile>): void {
  test(`GradCAM gives the reference's maps: ${file}`, async () => {
    const { tensors } = await readCase(folder, file);
    const found = await valuesOf(settings, "gradcam", () => ({}));
    for (const [i, values] of found.entries()) {
      const expected = (what: string) => tensors.get(`${settings.cases[i]!.case}.gradcam.${what}`)!.data as Float32Array;
      const raw = expected("raw").map((value) => Math.max(0, value));
      // The tolerance of `cam`, whose largest value is 1, applied to the values before normalisation.
      expectClose(values, raw, 1e-3 * Math.max(...raw), `case ${i}: values`);
      const least = Math.min(...values);
      const most = Math.max(...values) - least;
      const cam = values.map((value) => (value - least) / (most + 1e-7));
      expectClose(cam, expected("cam"), 1e-3, `case ${i}: cam`);
      const cam224 = expected("cam224");
      expectClose(mapOfCapacity(values, Math.sqrt(cam224.length)).map, cam224, 1e-3, `case ${i}: cam224`);
    }
  });
}

/** Compares NIB. */
export function nibCases({ file, settings }: CaseFile<NibFile>): void {
  test(`NIB gives the reference's maps: ${file}`, async () => {
    const { tensors } = await readCase(folder, file);
    const found = await valuesOf(settings, "nib", ({ layer, nib_steps }) => ({ layer, steps: nib_steps }));
    for (const [i, values] of found.entries()) {
      const expected = tensors.get(`${settings.cases[i]!.case}.nib_map`)!.data as Float32Array;
      expectClose(values, expected, 1e-3 * Math.max(...expected.map(Math.abs)), `case ${i}`);
    }
  });
}
