import { expect, test } from "vitest";
import { SaliencySettings } from "../../src/pipeline/zero-shot/settings/saliency.ts";
import { GScoreCam } from "../../src/saliency/gscorecam.ts";
import { mapOfCapacity, type SaliencyMethodName, saliencyMethods } from "../../src/saliency/index.ts";
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
    const method = saliencyMethods[name].open(clip, { ...SaliencySettings.parse({}), ...settings(item) });
    const hidden = await method.hiddenTokens(pixels.get(item.image)!);
    found.push(await method.attribute(hidden, await clip.textFeatures(tokenizer.encode(item.sentence).ids)));
    await method.dispose();
  }
  await clip.dispose();
  return found;
}

export type CamFile = SaliencyFile<Case & { k: number }>;
export type NibFile = SaliencyFile<Case & { layer: number; nib_steps: number }>;

/** Compares GradCAM at its default layer. */
export function gradcamCases({ file, settings }: CaseFile<CamFile>): void {
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

/** The forms of gScoreCAM by their names in the cases. */
const gscorecamForms = { gscorecam: "norm1", "gscorecam-norm2-class": "norm2-class" } as const;

/** Compares gScoreCAM. @param forms - those that the file has; default: both */
export function gscorecamCases(
  { file, settings }: CaseFile<CamFile>,
  forms = Object.keys(gscorecamForms) as (keyof typeof gscorecamForms)[],
): void {
  test.each(forms)(`gScoreCAM gives the reference's maps: %s of ${file}`, async (form) => {
    const camAt = gscorecamForms[form];
    const { tensors } = await readCase(folder, file);
    const clip = await openClip(await clipOfCase(settings));
    const tokenizer = await tokenizerOfCase(settings);
    const pixels = await clipPixels();
    for (const { case: number, image, sentence, k } of settings.cases) {
      const expected = (what: string) => Float32Array.from(tensors.get(`${number}.${form}.${what}`)!.data as ArrayLike<number>, Number);
      const method = new GScoreCam(clip, { channels: k, camAt });
      const view = clip.normalised(pixels.get(image)!);
      const { channels, scores, weights, raw } = await method.attribute(view, await clip.textFeatures(tokenizer.encode(sentence).ids));
      expectSameChannels(channels, [...expected("channels")], expected("importance"));
      const byChannel = new Map([...expected("channels")].map((channel, i) => [channel, expected("scores")[i]!]));
      for (const [i, channel] of channels.entries())
        if (byChannel.has(channel))
          expect(Math.abs(scores[i]! - byChannel.get(channel)!), `case ${number}: channel ${channel}`).toBeLessThan(1e-3);
      expectClose(weights, expected("weights"), 1e-4, `case ${number}: weights`);
      const positive = (values: Float32Array) => values.map((value) => Math.max(0, value));
      const reference = positive(expected("raw"));
      // The tolerance of `cam`, whose largest value is 1, applied to the values before normalisation.
      expectClose(positive(raw), reference, 1e-3 * Math.max(...reference), `case ${number}: values`);
      const cam224 = expected("cam224");
      expectClose(mapOfCapacity(positive(raw), Math.sqrt(cam224.length)).map, cam224, 1e-3, `case ${number}: cam224`);
      await method.dispose();
    }
    await clip.dispose();
  });
}

/** The same set, except where importances differ by less than 1e-6 of the largest. */
function expectSameChannels(actual: readonly number[], expected: readonly number[], importance: Float32Array): void {
  const least = Math.min(...expected.map((channel) => importance[channel]!));
  const margin = 1e-6 * Math.max(...importance.map(Math.abs));
  const differing = [
    ...actual.filter((channel) => !expected.includes(channel)),
    ...expected.filter((channel) => !actual.includes(channel)),
  ];
  expect(actual).toHaveLength(expected.length);
  for (const channel of differing) expect(Math.abs(importance[channel]! - least), `channel ${channel}`).toBeLessThan(margin);
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
