/**
 * How far `--fast` agrees with the whole computation: rank correlation of the patches' information on ten real images.
 * Beside it, the whole computation with other noise: what a change of the seed alone does.
 */
import { basename, join } from "node:path";
import { decodeImage } from "../src/formats/decode.ts";
import { clipView } from "../src/image/index.ts";
import { mean } from "../src/metrics/index.ts";
import { loadClip } from "../src/pipeline/model.ts";
import { fastSchedule, M2ib, M2ibConfig, type M2ibOptions } from "../src/saliency/index.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { benchModel } from "./models.ts";

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
  readonly hidden: Tensor;
  readonly text: Float32Array;
}

const data = join(process.env.MEDCLIP_SAM_SHARED ?? "../shared", "data");
const config = M2ibConfig.parse({});
process.stdout.write("| weights | maps | mean | least | seconds an image |\n| --- | --- | --- | --- | --- |\n");
for (const preset of ["biomedclip", "biomedclip-tiny"]) {
  const { clip, tokenizer } = await loadClip(await benchModel(preset), undefined, {});
  const trunk = new M2ib(clip, config);
  const prepared: Prepared[] = [];
  for (const [file, sentence] of cases) {
    const { image } = await decodeImage(join(data, file), { mode: "paper" });
    const { pixels } = clipView(image, "crop", clip.config.vision.imageSize);
    const text = await clip.textFeatures(tokenizer.encode(sentence).ids);
    prepared.push({ name: basename(file), hidden: await trunk.hiddenTokens(pixels), text });
  }
  const maps = async (seed: number, options: M2ibOptions) => {
    const m2ib = new M2ib(clip, config, options);
    const start = performance.now();
    const found: Float32Array[] = [];
    for (const { name, hidden, text } of prepared) found.push((await m2ib.attribute(hidden, text, m2ib.noiseOf(name, seed))).capacity);
    await m2ib.dispose();
    return { found, seconds: (performance.now() - start) / 1000 / prepared.length };
  };
  const whole = await maps(42, {});
  const others = { "`--fast`": await maps(42, { schedule: fastSchedule(config) }), "another seed": await maps(7, {}) };
  const row = (name: string, numbers: string) => process.stdout.write(`| ${preset} | ${name} | ${numbers} |\n`);
  row("whole", `1 | 1 | ${whole.seconds.toFixed(2)}`);
  for (const [name, { found, seconds }] of Object.entries(others)) {
    const agreement = found.map((map, i) => spearman(map, whole.found[i]!));
    row(name, `${mean(agreement).toFixed(3)} | ${Math.min(...agreement).toFixed(3)} | ${seconds.toFixed(2)}`);
  }
  await trunk.dispose();
  await clip.dispose();
}

/** Spearman's rank correlation of two maps without ties. */
function spearman(a: Float32Array, b: Float32Array): number {
  const [ranksA, ranksB] = [ranksOf(a), ranksOf(b)];
  const squares = ranksA.reduce((sum, rank, i) => sum + (rank - ranksB[i]!) ** 2, 0);
  return 1 - (6 * squares) / (a.length * (a.length ** 2 - 1));
}

function ranksOf(values: Float32Array): number[] {
  const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
  const ranks = new Array<number>(values.length);
  for (const [rank, index] of order.entries()) ranks[index] = rank;
  return ranks;
}
