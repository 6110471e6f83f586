/**
 * Agreement of `--fast` and the other saliency methods with the full computation of M2IB: rank correlation of the values per patch on
 * ten real images. For comparison, the full computation with another noise seed.
 */
import { basename, join } from "node:path";
import { clipView, type Image } from "../src/image/index.ts";
import { mean } from "../src/metrics/index.ts";
import { loadClip } from "../src/pipeline/models/model.ts";
import { SaliencySettings } from "../src/pipeline/zero-shot/settings/saliency.ts";
import { fastSchedule, M2ib, M2ibConfig, type M2ibOptions, type SaliencyMethodName, saliencyMethods } from "../src/saliency/index.ts";
import { decodeImage } from "../src/scans/decode-image.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { benchModel } from "./models.ts";

/** Weights with the settings of M2IB: random ones, and those that come with the package. */
const models = {
  biomedclip: { folder: () => benchModel("biomedclip"), settings: {} },
  "biomedclip-tiny": { folder: () => benchModel("biomedclip-tiny"), settings: {} },
  "phantom pack": { folder: async () => "packs/phantom/clip", settings: { layer: 4, beta: 0.03 } },
  "starter pack": { folder: async () => "packs/starter/clip", settings: { layer: 1 } },
};

/** Images of the folder that MEDCLIP_SAM_SHARED names, each with what to look for. */
const cases = [
  ["us_breast_tumor/images/busi_malignant_001.jpg", "A medical breast ultrasound showing a malignant tumor"],
  ["us_breast_tumor/images/busi_benign_013.jpg", "A medical breast ultrasound showing a benign tumor"],
  ["us_breast_tumor/images/usg_10140.jpg", "breast lesion"],
  ["mri_brain_tumor/images/0022.png", "A medical MRI showing a brain tumor"],
  ["mri_brain_tumor/images/0036.png", "meningioma"],
  ["mri_brain_tumor/images/0078.png", "A brain MRI with a pituitary tumor"],
  ["xray_chest_lungs/images/00870a9c.jpg", "A chest X-ray showing the lungs"],
  ["xray_chest_lungs/images/1052b0fe.jpg", "lungs"],
  ["ct_lung/images/konya_10036.jpg", "A chest CT showing the lungs"],
  ["ct_lung/images/konya_10266.jpg", "trachea"],
] as const;

interface Prepared {
  readonly name: string;
  readonly pixels: Image;
  readonly hidden: Tensor;
  readonly text: Float32Array;
}

const shared = process.env.MEDCLIP_SAM_SHARED;
if (!shared) throw new Error("MEDCLIP_SAM_SHARED must name the folder with `data`");
const data = join(shared, "data");
process.stdout.write("| weights | maps | mean | min | seconds per image |\n| --- | --- | --- | --- | --- |\n");
const only = process.argv.slice(2);
for (const [name, { folder, settings }] of Object.entries(models)) {
  if (only.length > 0 && !only.includes(name)) continue;
  const config = M2ibConfig.parse(settings);
  const { clip, tokenizer } = await loadClip(await folder(), undefined, {});
  const trunk = new M2ib(clip, config);
  const prepared: Prepared[] = [];
  for (const [file, sentence] of cases) {
    const { image } = await decodeImage(join(data, file), { mode: "paper" });
    const { pixels } = clipView(image, "crop", clip.config.vision.imageSize);
    const text = await clip.textFeatures(tokenizer.encode(sentence).ids);
    prepared.push({ name: basename(file), pixels, hidden: await trunk.hiddenTokens(pixels), text });
  }
  const maps = async (seed: number, options: M2ibOptions) => {
    const m2ib = new M2ib(clip, config, options);
    const start = performance.now();
    const found: Float32Array[] = [];
    for (const { name, hidden, text } of prepared) found.push((await m2ib.attribute(hidden, text, m2ib.noiseOf(name, seed))).capacity);
    await m2ib.dispose();
    return { found, seconds: (performance.now() - start) / 1000 / prepared.length };
  };
  const mapsOf = async (method: SaliencyMethodName) => {
    const opened = saliencyMethods[method].open(clip, SaliencySettings.parse({}));
    const start = performance.now();
    const found: Float32Array[] = [];
    for (const { pixels, text } of prepared) found.push(await opened.attribute(await opened.hiddenTokens(pixels), text));
    await opened.dispose();
    return { found, seconds: (performance.now() - start) / 1000 / prepared.length };
  };
  const whole = await maps(42, {});
  const others = {
    "`--fast`": await maps(42, { schedule: fastSchedule(config) }),
    "another seed": await maps(7, {}),
    "`nib`": await mapsOf("nib"),
    "`gradcam`": await mapsOf("gradcam"),
    "`patch-text`": await mapsOf("patch-text"),
  };
  const row = (maps: string, numbers: string) => process.stdout.write(`| ${name} | ${maps} | ${numbers} |\n`);
  row("whole", `1 | 1 | ${whole.seconds.toFixed(2)}`);
  for (const [maps, { found, seconds }] of Object.entries(others)) {
    const agreement = found.map((map, i) => spearman(map, whole.found[i]!));
    row(maps, `${mean(agreement).toFixed(3)} | ${Math.min(...agreement).toFixed(3)} | ${seconds.toFixed(2)}`);
  }
  await trunk.dispose();
  await clip.dispose();
}

/** Spearman's rank correlation of two maps; 0 where one is constant, such as GradCAM's where nothing speaks for the text. */
function spearman(a: Float32Array, b: Float32Array): number {
  const centred = (ranks: number[]) => ranks.map((rank) => rank - (ranks.length - 1) / 2);
  const [ranksA, ranksB] = [centred(ranksOf(a)), centred(ranksOf(b))];
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
  return dot(ranksA, ranksB) / Math.sqrt(dot(ranksA, ranksA) * dot(ranksB, ranksB) || 1);
}

/** Equal values, such as GradCAM's zeros, share the mean of their ranks. */
function ranksOf(values: Float32Array): number[] {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + end - 1) / 2;
  }
  return ranks;
}
