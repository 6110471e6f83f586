import { join } from "node:path";
import { writeAtomic } from "../../files/atomic-write.ts";
import { type Image, maskOfRuns, overlay, type Size } from "../../image/index.ts";
import { compressedRle } from "../../results/coco/rle.ts";
import { type ResultPlace, sharedFile } from "../../results/layout.ts";
import { writeGray, writeGray16, writeRgb } from "../../results/png.ts";
import type { Region } from "../../segment/index.ts";
import { colourOf } from "../../targets/target.ts";
import { boxNumbers } from "../zero-shot/images/raw-file.ts";

/** Largest label of an 8-bit image. */
const most8Bit = 255;

type Place = Pick<ResultPlace, "out" | "name">;

const regionsFile = ({ out, name }: Place): string => join(out, "regions", `${name}.json`);

/** The files of an image's regions. */
export const regionFiles = (place: Place): string[] => [regionsFile(place), sharedFile("labels", place), sharedFile("overlay", place)];

/**
 * Writes the regions of an image: `regions/NAME.json`, `labels/NAME.png` with the label of each region (16 bits where there are more than 255; of
 * regions that overlap the smallest shows), and `overlay/NAME.png` with their contours.
 *
 * @param options.spacing - millimetres per pixel [row, column]; `note`: drawn into the overlay
 */
export async function writeRegions(
  place: Place,
  image: Image,
  regions: readonly Region[],
  { spacing, note }: { readonly spacing?: readonly [number, number] | undefined; readonly note?: string | undefined } = {},
): Promise<void> {
  const content = {
    width: image.width,
    height: image.height,
    regions: regions.map(({ areaPx, box, predictedIou, stability, point, crop, runs }, i) => ({
      label: i + 1,
      areaPx,
      areaMm2: spacing ? areaPx * spacing[0] * spacing[1] : null,
      box: boxNumbers(box),
      predictedIou,
      stability,
      point: [point.x, point.y],
      crop: boxNumbers(crop),
      segmentation: { size: [image.height, image.width], counts: compressedRle(maskOfRuns(runs)) },
    })),
  };
  await writeAtomic(regionsFile(place), `${JSON.stringify(content)}\n`);
  const labels = labelsOf(regions, image);
  const size = { width: image.width, height: image.height };
  const file = sharedFile("labels", place);
  if (regions.length > most8Bit) await writeGray16(file, { ...size, data: labels });
  else await writeGray(file, { ...size, data: Uint8Array.from(labels) });
  const masks = regions.map(({ runs }, i) => ({ mask: maskOfRuns(runs), colour: colourOf(i) }));
  await writeRgb(sharedFile("overlay", place), overlay(image, { masks, label: note }));
}

/** 1 + the index of the smallest region that a pixel lies in; 0 where it lies in none. */
function labelsOf(regions: readonly Region[], { width, height }: Size): Uint16Array {
  const labels = new Uint16Array(width * height);
  const largestFirst = regions.map((region, i) => ({ ...region, label: i + 1 })).sort((a, b) => b.areaPx - a.areaPx);
  for (const {
    runs: { rows, runs },
    label,
  } of largestFirst)
    for (let y = 0; y < height; y++)
      for (let run = rows[y]!; run < rows[y + 1]!; run++) labels.fill(label, y * width + runs[2 * run]!, y * width + runs[2 * run + 1]!);
  return labels;
}
