import { join } from "node:path";
import { writeAtomic } from "../files/atomic-write.ts";
import { overlay, turnBack } from "../image/index.ts";
import { labelOf } from "../targets/target.ts";
import { type MaskFolder, sharedFile, targetFile } from "./layout.ts";
import { writeGray, writeMask, writeRgb } from "./png.ts";
import type { ImageResult, ResultWriter } from "./result-writer.ts";

/**
 * 8-bit pictures that every viewer shows: `masks/NAME.png` of 0 and 255, and `overlay/NAME.png`. Of several targets
 * `masks_<TARGET>/NAME.png`, all of them in `labels/NAME.png` by the values that `labels/legend.json` tells, and one overlay.
 *
 * @param folder - instead of "masks", for masks of slices that are not yet the result
 */
export const pngMasks = (folder: MaskFolder): ResultWriter => ({
  filesOf(place, targets) {
    const masks = targets.map((target) => targetFile(folder, target, place));
    return [...masks, sharedFile("overlay", place), ...(place.all.length > 1 ? [sharedFile("labels", place)] : [])];
  },
  async begin({ out, all }) {
    if (all.length < 2) return;
    const lines = all.map((target) => {
      const { name, colour, sentences } = target;
      return JSON.stringify({ name, value: labelOf(target, all), colour, sentences });
    });
    await writeAtomic(join(out, "labels", "legend.json"), `[\n ${lines.join(",\n ")}\n]\n`);
  },
  async write(place, result) {
    const { orientation = 1 } = result;
    for (const { target, mask } of result.targets) await writeMask(targetFile(folder, target, place), turnBack(mask, orientation));
    if (result.labels) await writeGray(sharedFile("labels", place), turnBack(result.labels, orientation));
    await writeRgb(sharedFile("overlay", place), overlay(result.image, place.all.length > 1 ? together(result) : alone(result)));
  },
});

/** One target with its intermediate results. */
function alone({ targets: [only], note }: ImageResult) {
  const { saliency, coarse, mask, boxes, points } = only!;
  return { ...(saliency && { saliency }), coarse, mask, boxes, points, label: note };
}

/** Contours only: intermediate results would hide the other targets. */
function together({ targets, note }: ImageResult) {
  return { masks: targets.map(({ mask, target: { colour } }) => ({ mask, colour })), label: note };
}
