/** Slices of CT as they look where all values of a scanner are mapped to gray, as programs do that stretch a volume from its least to its largest value. */
import { mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import sharp from "sharp";
import type { Scan } from "./tables.ts";

/** Hounsfield units at black and at white: of the renderings with a wide window, and of all 4,096 values of a scanner. */
const [wide, full] = [
  { from: -1024, to: 1024 },
  { from: -1024, to: 3071 },
];

/** Renders the slices among the scans that are there in the wide window again with the full one; the lungs are then nearly black. */
export async function fullWindowOf(
  scans: readonly Scan[],
  { data, folder }: { readonly data: string; readonly folder: string },
): Promise<Scan[]> {
  await mkdir(folder, { recursive: true });
  const slices = scans.filter(({ kind, image }) => kind === "ct_lung" && /_wide\.\w+$/.test(image));
  return Promise.all(
    slices.map(async (scan) => {
      const image = join(folder, basename(scan.image).replace(/_wide\.\w+$/, "_full.png"));
      await sharp(resolve(data, scan.image))
        .linear((wide.to - wide.from) / (full.to - full.from), 0)
        .png()
        .toFile(image);
      return { ...scan, image };
    }),
  );
}
