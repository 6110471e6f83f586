import { join } from "node:path";
import { writeAtomic } from "../../files/atomic-write.ts";
import { defaultPack, locatePack } from "../../hub/pack.ts";
import { areaPx, type Mask } from "../../image/index.ts";
import { dsc } from "../../metrics/index.ts";
import { type Modality, type Phantom, phantom, type StructureName } from "../../phantom/index.ts";
import { targetFile } from "../../results/layout.ts";
import { writeGray, writeMask } from "../../results/png.ts";
import type { RunEvent } from "../../run/events.ts";
import { readRuns } from "../../run/record/record.ts";
import type { StopOptions } from "../../run/stop-options.ts";
import { readMask } from "../../scans/read-mask.ts";
import { unnamedTarget } from "../../targets/target.ts";
import { defaultsOf } from "../models/pack-settings.ts";
import { runSegment } from "../zero-shot/segment.ts";
import { SegmentSettings } from "../zero-shot/settings.ts";

/** A phantom to draw, and its text prompt. */
interface Request {
  readonly name: string;
  readonly modality: Modality;
  readonly target: StructureName;
  readonly prompt: string;
}

/** The three of the chest X-ray share one image: only the text prompt changes the mask. */
const requests: readonly Request[] = [
  { name: "ultrasound-tumor", modality: "breast-ultrasound", target: "lesion", prompt: "A breast ultrasound showing a breast tumor" },
  { name: "mri-tumor", modality: "brain-mri", target: "tumor", prompt: "A brain MRI showing the brain tumor" },
  { name: "xray-left-lung", modality: "chest-xray", target: "left_lung", prompt: "A chest X-ray showing the left lung" },
  { name: "xray-right-lung", modality: "chest-xray", target: "right_lung", prompt: "A chest X-ray showing the right lung" },
  { name: "xray-heart", modality: "chest-xray", target: "heart", prompt: "A chest X-ray showing the heart" },
  { name: "ct-right-lung", modality: "chest-ct", target: "right_lung", prompt: "A chest CT showing the right lung" },
];

/** Targets cover at least a fortieth of the image, and the image is a full view, not a crop. */
const wholeViews: Readonly<Record<Modality, readonly StructureName[]>> = {
  "breast-ultrasound": [],
  "brain-mri": ["brain", "skull"],
  "chest-xray": ["left_lung", "right_lung", "heart"],
  "chest-ct": ["left_lung", "right_lung"],
};

export interface DemoOptions {
  readonly out: string;
  readonly seed: number;
  readonly pack?: string | undefined;
  readonly threads?: number | undefined;
}

/**
 * The full pipeline without external data: draws phantoms on which the models of the pack were not trained, and segments them from text
 * prompts. The text prompts and the DSC of the masks are printed at the end.
 */
export async function* runDemo(
  { out, seed, threads, pack: named = defaultPack }: DemoOptions,
  options: StopOptions = {},
): AsyncGenerator<RunEvent> {
  const start = performance.now();
  const at = (...parts: string[]) => join(out, ...parts);
  const pack = await locatePack(named);
  yield { type: "stage", message: "drawing synthetic scans" };
  await drawInputs(out, seed);
  const run = SegmentSettings.parse({
    ...defaultsOf(pack),
    inputs: requests.map(({ name }) => at("input", `${name}.png`)),
    prompts: at("prompts.json"),
    out,
    pack: named,
    clip: pack.clip,
    sam: pack.sam,
    seed,
    overwrite: true,
    ...(threads !== undefined && { threads }),
  });
  let failed = 0;
  for await (const event of runSegment(run, options)) {
    if (event.type === "end") failed = event.failed;
    else yield event;
  }
  const ms = Math.round(performance.now() - start);
  const lines = [...(await results(out)), "", `pictures   ${at("overlay")}`, `record     ${at("run.json")}`, "", pack.notice];
  yield { type: "end", done: requests.length - failed, skipped: 0, failed, ms, lines };
}

/** Writes the scans to `input/`, the ground truth to `truth/`, and the text prompts to `prompts.json`. */
async function drawInputs(out: string, seed: number): Promise<void> {
  for (const { name, modality, target } of requests) {
    const { image, structures } = firstPhantom(modality, seed);
    await writeGray(join(out, "input", `${name}.png`), image);
    await writeMask(join(out, "truth", `${name}.png`), structures.get(target)!.mask);
  }
  const prompts = Object.fromEntries(requests.map(({ name, prompt }) => [`${name}.png`, prompt]));
  await writeAtomic(join(out, "prompts.json"), `${JSON.stringify(prompts, null, 1)}\n`);
}

/** The first phantom of a seed that is a full view and shows all targets. */
function firstPhantom(modality: Modality, seed: number): Phantom {
  const targets = requests.filter((one) => one.modality === modality).map(({ target }) => target);
  const isLarge = (mask: Mask | undefined) => mask !== undefined && areaPx(mask) >= mask.data.length / 40;
  for (let index = 0; ; index++) {
    const drawn = phantom(modality, seed, index);
    const isWhole = wholeViews[modality].every((name) => isLarge(drawn.structures.get(name)?.mask));
    if (isWhole && targets.every((target) => drawn.structures.has(target))) return drawn;
  }
}

/** The text prompt of each scan, and the DSC of its mask. */
async function results(out: string): Promise<string[]> {
  const { images: records } = await readRuns(out);
  const lines: string[] = [];
  for (const { name, prompt } of requests) {
    if (!records.has(name)) continue;
    const asked = unnamedTarget([prompt]);
    const { mask } = await readMask(targetFile("masks", asked, { out, name, all: [asked] }));
    const { mask: truth } = await readMask(join(out, "truth", `${name}.png`));
    lines.push(`${name.padEnd(17)} DSC ${dsc(mask, truth).toFixed(2)}  "${prompt}"`);
  }
  return lines;
}
