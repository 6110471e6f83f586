import { join } from "node:path";
import type { Mask, MaskStack } from "../../image/index.ts";
import { type Modality, type Phantom, type PhantomVolume, phantom, phantomVolume, type VolumeModality } from "../../phantom/index.ts";
import { writeNifti } from "../../results/nifti.ts";
import { writeGray, writeMask } from "../../results/png.ts";
import type { Placement } from "../../scans/sources/image-source.ts";
import type { DrawnImage } from "./record.ts";
import type { PhantomSettings } from "./settings.ts";
import { targetOf } from "./tables.ts";

/** A scan: a picture, or a volume. */
export type Drawn = Phantom | PhantomVolume;

const isVolume = (scan: Drawn): scan is PhantomVolume => "spacing" in scan;

/** Draws a scan. @param modality - for volumes one that has them */
export function drawn(modality: Modality, index: number, { seed, size, volume, slices }: PhantomSettings): Drawn {
  return volume ? phantomVolume(modality as VolumeModality, seed, index, { size, slices }) : phantom(modality, seed, index, size);
}

/** Writes a scan and its masks. The scan is written last, so that an existing one has its masks. */
export async function writeDrawn(out: string, scan: Drawn, image: DrawnImage, seed: number): Promise<void> {
  const target = targetOf(image, seed);
  if (isVolume(scan)) await writeVolume(out, scan, image.name, target);
  else await writePicture(out, scan, image.name, target);
}

async function writePicture(out: string, { image, structures }: Phantom, name: string, target: string): Promise<void> {
  const masks = withLungs(new Map([...structures].map(([structure, { mask }]) => [structure, mask])));
  const empty: Mask = { ...image, data: new Uint8Array(image.data.length) };
  const file = (folder: string) => join(out, folder, `${name}.png`);
  await Promise.all([
    ...[...masks].map(([structure, mask]) => writeMask(file(`masks_${structure}`), mask)),
    writeMask(file("masks"), masks.get(target) ?? empty),
  ]);
  await writeGray(file("images"), image);
}

async function writeVolume(out: string, volume: PhantomVolume, name: string, target: string): Promise<void> {
  const masks = withLungs(new Map([...volume.structures].map(([structure, { mask }]) => [structure, mask])));
  const shape = [volume.size, volume.size, volume.slices] as const;
  const placement = placementOf(volume);
  const file = (folder: string) => join(out, folder, `${name}.nii.gz`);
  const write = (folder: string, data: Uint8Array) => writeNifti(file(folder), { shape, data, placement, isLabels: true });
  for (const [structure, { data }] of masks) await write(`masks_${structure}`, data);
  await write("masks", masks.get(target)?.data ?? new Uint8Array(volume.data.length));
  await writeNifti(file("images"), { shape, data: volume.data, placement });
}

/** Masks with the union of the lungs that are in view. */
function withLungs<M extends Mask | MaskStack>(masks: Map<string, M>): Map<string, M> {
  const [first, ...others] = ["left_lung", "right_lung"].flatMap((side) => masks.get(side) ?? []);
  if (!first) return masks;
  const data = first.data.map((value, i) => (others.some((other) => other.data[i] === 1) ? 1 : value));
  return new Map([...masks, ["lungs", { ...first, data }]]);
}

/** Columns to the patient's left, rows to the back, slices to the head; the middle of the volume at 0 mm. */
function placementOf({ size, slices, spacing }: PhantomVolume): Placement {
  const [slice, row, column] = spacing;
  const half = (length: number, step: number): number => ((length - 1) / 2) * step;
  return {
    affine: [
      [-column, 0, 0, half(size, column)],
      [0, -row, 0, half(size, row)],
      [0, 0, slice, -half(slices, slice)],
    ],
    spacing: [column, row, slice],
    qformCode: 1,
    sformCode: 1,
    isUnitKnown: true,
  };
}
