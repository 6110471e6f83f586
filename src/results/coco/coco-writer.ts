import { basename, join } from "node:path";
import { writeAtomic } from "../../files/atomic-write.ts";
import type { Mask } from "../../image/types.ts";
import { type Target, titleOf } from "../../targets/target.ts";
import { version } from "../../version.ts";
import type { ScanWriter } from "../scan-writer.ts";
import { compressedRle } from "./rle.ts";

interface CocoImage {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
  /** Our own additions: the scan, and the number of the frame in it, from 1. */
  readonly scan: string;
  readonly frame: number;
}

interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly segmentation: { readonly size: readonly [height: number, width: number]; readonly counts: string };
  readonly area: number;
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly iscrowd: 0;
}

/**
 * Writes `coco.json` for all scans: an image for each frame, a category for each target, and an annotation for each mask that is not empty, as
 * compressed RLE.
 *
 * @see https://cocodataset.org/#format-data
 */
export const cocoWriter: ScanWriter = {
  isShared: true,
  open({ out }, targets) {
    const images: CocoImage[] = [];
    const annotations: CocoAnnotation[] = [];
    const category = (target: Target) => 1 + targets.findIndex(({ name }) => name === target.name);
    return {
      async add({ scan, targets, maskOf }) {
        const found = new Set<Target>();
        for (const [frame, { file }] of scan.frames.entries()) {
          const image = { id: images.length + 1, file_name: basename(file), width: scan.columns, height: scan.rows };
          images.push({ ...image, scan: scan.name, frame: frame + 1 });
          for (const target of targets) {
            const mask = await maskOf(target, frame);
            const annotation = mask && annotationOf(mask);
            if (!annotation) continue;
            found.add(target);
            annotations.push({ id: annotations.length + 1, image_id: image.id, category_id: category(target), ...annotation });
          }
        }
        const absent = targets.filter((target) => !found.has(target));
        return {
          files: [],
          messages: absent.map((target) => `"${titleOf(target)}" is not present: its masks are empty`),
        };
      },
      async finish() {
        const file = join(out, "coco.json");
        const categories = targets.map((target) => ({ id: category(target), name: titleOf(target) }));
        const info = { description: `masks by medclip-sam ${version}` };
        await writeAtomic(file, `${JSON.stringify({ info, images, annotations, categories })}\n`);
        return { files: [file], messages: [] };
      },
    };
  },
};

/** Undefined for an empty mask. */
function annotationOf(mask: Mask): Pick<CocoAnnotation, "segmentation" | "area" | "bbox" | "iscrowd"> | undefined {
  const { width, height, data } = mask;
  let [area, x0, y0, x1, y1] = [0, width, height, 0, 0];
  for (let i = 0, x = 0, y = 0; i < data.length; i++) {
    if (data[i] !== 0) {
      area++;
      [x0, y0, x1, y1] = [Math.min(x0, x), Math.min(y0, y), Math.max(x1, x + 1), Math.max(y1, y + 1)];
    }
    if (++x === width) [x, y] = [0, y + 1];
  }
  if (area === 0) return undefined;
  return { segmentation: { size: [height, width], counts: compressedRle(mask) }, area, bbox: [x0, y0, x1 - x0, y1 - y0], iscrowd: 0 };
}
