import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { writeNifti } from "../../src/results/nifti.ts";
import type { RunEvent } from "../../src/run/events.ts";
import { lps } from "./placements.ts";

/** Side of the images in pixels. */
const side = 32;

/** How many discs are in which folders. */
const parts = [
  { images: "imagesTr", labels: "labelsTr", count: 6 },
  { images: "new", labels: "truth", count: 2 },
] as const;

/**
 * A data set of 32 x 32 images in nnU-Net's layout: a bright disc on a dark ground. Six cases for training, and disc6 and disc7 in `new` and `truth`.
 *
 * @param ending - of the files; those of NIfTI have a spacing of 0.75 x 0.5 mm and one slice on a third axis
 */
export async function writeDiscs(data: string, ending: ".png" | ".nii.gz" = ".png"): Promise<void> {
  let i = 0;
  for (const { images, labels, count } of parts) {
    for (const name of [images, labels]) mkdirSync(join(data, name), { recursive: true });
    for (let k = 0; k < count; k++, i++) {
      const suffix = images === "imagesTr" ? "_0000" : "";
      await writeDisc(join(data, images, `disc${i}${suffix}${ending}`), i, 200, 40 + i);
      await writeDisc(join(data, labels, `disc${i}${ending}`), i, 1, 0);
    }
  }
  const json = { channel_names: { 0: "gray" }, labels: { background: 0, disc: 1 }, numTraining: 6, file_ending: ending };
  writeFileSync(join(data, "dataset.json"), JSON.stringify(json));
}

/** A disc whose place depends on its number, as an image or as a label map. */
export async function writeDisc(file: string, number: number, inside: number, outside: number): Promise<void> {
  const isIn = (k: number) => Math.hypot((k % side) - 10 - number, Math.floor(k / side) - 16) < 7;
  const levels = Uint8Array.from({ length: side * side }, (_, k) => (isIn(k) ? inside : outside));
  if (file.endsWith(".nii.gz")) return await writeNifti(file, { shape: [side, side, 1], data: levels, placement: lps });
  await sharp(levels, { raw: { width: side, height: side, channels: 1 } })
    .toColourspace("b-w")
    .png()
    .toFile(file);
}

/** Settings of a training that takes a second. */
export const tinyTraining = {
  epochs: 2,
  epochSteps: 12,
  features: 4,
  mostFeatures: 8,
  batch: 3,
  lr: 0.05,
  cycles: 1,
  keep: "late",
  workers: 0,
  threads: 1,
} as const;

/** All events of a run. */
export async function eventsOf(run: AsyncGenerator<RunEvent>): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of run) events.push(event);
  return events;
}
