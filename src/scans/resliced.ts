import { InputError } from "../errors.ts";
import { once, oncePerKey } from "../once.ts";
import { lpsOf, rasOf } from "./affine.ts";
import { axisCodes, planes, reorderedAffine, reorderedShape, reorderedSlice } from "./axes.ts";
import type { CutScan, Scan, ScanCut } from "./scan.ts";
import type { DisplayedImage, Frame, View } from "./sources/image-source.ts";
import type { SliceAxis } from "./sources/nifti/nifti.ts";
import { columnOf, length3 } from "./vectors.ts";

/** A volume in memory, as its slices were acquired: [slices, rows, columns, samples]. */
interface Volume<T> {
  readonly data: T;
}

/** All slices as models see them, one byte a sample, and what was said of them. */
interface ShownVolume extends Volume<Uint8Array>, Omit<DisplayedImage, "image" | "orientation"> {}

/** Holds the volumes that slices are cut from, of all scans together one as it is shown and one of values: those that were asked for last. */
export class KeptVolumes {
  readonly shown = oncePerKey<ShownVolume>(1);
  readonly values = oncePerKey<Volume<Float32Array>>(1);
}

/** Most bytes of a volume that is held. */
const maxBytes = 2 ** 30;

/** How many times longer than wide a pixel may be without a warning. */
const longestPixel = 2;

/**
 * A DICOM series cut into slices of another plane, which lie as those of NIfTI volumes: columns to the left and rows to the back of the patient
 * for axial slices, the head on top for the others, columns to the back for sagittal ones. Of an oblique volume the planes are those of its own
 * axes that are nearest. Voxels are never interpolated.
 *
 * Nothing is read before the first slice is. To show slices, all frames are shown once, which takes one byte a voxel (three of colours); their
 * values take four bytes more, if they are asked for. Other scans than DICOM series of several frames are returned as they are, as is a series
 * that lies so already.
 *
 * @param axis - `stored` or undefined: as acquired
 * @throws InputError when the frames are no volume, or too large to be held
 */
export function resliced(scan: Scan, axis: SliceAxis | undefined, kept: KeptVolumes): Scan {
  if (axis === undefined || axis === "stored" || scan.source !== "dicom" || scan.frames.length < 2) return scan;
  const { affine, isVolume, rows, columns, frames, name } = scan;
  if (!isVolume || !affine) {
    const why = scan.warnings.length > 0 ? scan.warnings.join("; ") : "the distance of its pixels is not known";
    throw new InputError(
      `"${name}" cannot be cut into ${axis} slices, as it is no volume (${why}). Leave out --axis to take its slices as acquired.`,
    );
  }
  const [from, to] = [axisCodes({ affine: rasOf(affine) }), planes[axis]];
  if (from.every((direction, i) => direction === to[i])) return scan;
  const voxels = rows * columns * frames.length;
  if (voxels > maxBytes) throw tooLarge(scan, voxels);

  const shape = [columns, rows, frames.length] as const;
  const [width, height, slices] = reorderedShape({ shape }, from, to);
  const placed = reorderedAffine({ shape }, rasOf(affine), to);
  const spacing = [length3(columnOf(placed, 1)), length3(columnOf(placed, 0))] as const;
  const cut: ScanCut = { origin: scan, from, to };
  const described = once(async () => {
    const { format, warnings, pixels } = await scan.read(0);
    const { space, channels, hasAlpha, stride, bitDepth } = pixels;
    return { format, warnings, pixels: { space, channels, hasAlpha, stride, bitDepth } };
  });
  return {
    name,
    source: "dicom",
    frames: Array.from({ length: slices }, (_, index) => ({ file: frames[0]!.file, number: index + 1 })),
    rows: height,
    columns: width,
    spacing,
    spacingSource: scan.spacingSource,
    isVolume,
    affine: lpsOf(placed),
    axisCodes: to,
    warnings: [...scan.warnings, ...squashed(spacing)],
    cut,
    async read(index, { isOnlyShown = false } = {}) {
      const frame = await described();
      const values = isOnlyShown ? undefined : await kept.values(name, () => valuesOf(scan));
      const slice = <T extends Uint8Array | Float32Array>(data: T) => reorderedSlice({ shape, data }, from, to, index);
      return {
        format: frame.format,
        warnings: frame.warnings,
        geometry: { spacing },
        pixels: { ...frame.pixels, width, height, data: values ? slice(values.data) : new Float32Array() },
        async display(view = {}) {
          const { data, warnings, ...shown } = await kept.shown(`${name} ${JSON.stringify(view)}`, () => shownVolume(scan, view));
          const image = { width, height, data: threeSamples(slice(data), width * height) };
          return { ...shown, image, warnings: warnings.filter((warning) => !frame.warnings.includes(warning)) };
        },
      };
    },
  };
}

const tooLarge = ({ name }: Scan, bytes: number) =>
  new InputError(
    `"${name}" is too large to be cut in another plane: ${bytes} bytes, at most ${maxBytes} are held. Leave out --axis to take its slices as acquired.`,
  );

/** Models expect square pixels, as pictures have. */
function squashed([row, column]: readonly [number, number]): string[] {
  if (Math.max(row, column) < longestPixel * Math.min(row, column)) return [];
  const [rows, columns] = [row, column].map((mm) => Number(mm.toPrecision(3)));
  return [
    `pixels are ${rows} x ${columns} mm in this plane, so its slices look squashed to a model: the acquired plane is the better choice`,
  ];
}

/** The frames of a scan one after the other in memory. */
async function volumeOf<T extends Uint8Array | Float32Array>(
  scan: Scan,
  allocate: (length: number) => T,
  samplesOf: (frame: Frame, index: number) => Promise<ArrayLike<number>>,
): Promise<T> {
  const { rows, columns, frames } = scan;
  let data: T | undefined;
  for (let index = 0; index < frames.length; index++) {
    const samples = await samplesOf(await scan.read(index), index);
    if (!data) {
      const length = samples.length * frames.length;
      if (length * allocate(0).BYTES_PER_ELEMENT > maxBytes) throw tooLarge(scan, length * allocate(0).BYTES_PER_ELEMENT);
      data = allocate(length);
    }
    if (samples.length * frames.length !== data.length)
      throw new InputError(
        `"${frames[index]!.file}": frame ${index + 1} has ${samples.length / (rows * columns)} samples a pixel, the first ${data.length / (rows * columns * frames.length)}, so both are no volume. Leave out --axis.`,
      );
    data.set(samples, index * samples.length);
  }
  return data!;
}

async function valuesOf(scan: Scan): Promise<Volume<Float32Array>> {
  return {
    data: await volumeOf(
      scan,
      (length) => new Float32Array(length),
      async ({ pixels }) => pixels.data,
    ),
  };
}

async function shownVolume(scan: Scan, view: View): Promise<ShownVolume> {
  const warnings = new Set<string>();
  const windows = new Set<string>();
  let first: DisplayedImage | undefined;
  const data = await volumeOf(
    scan,
    (length) => new Uint8Array(length),
    async (frame) => {
      const shown = await frame.display(view);
      for (const warning of [...frame.warnings, ...shown.warnings]) warnings.add(warning);
      windows.add(JSON.stringify([shown.window, shown.isInverted]));
      first ??= { ...shown, image: { width: 0, height: 0, data: new Uint8Array() } };
      const { data } = shown.image;
      return frame.pixels.space === "gray" ? Uint8Array.from({ length: data.length / 3 }, (_, i) => data[3 * i]!) : data;
    },
  );
  if (windows.size > 1) warnings.add(`its slices have ${windows.size} different windows, which show as stripes: choose one with --window`);
  const { window, isInverted } = first!;
  return { data, warnings: [...warnings], ...(window && { window }), ...(isInverted !== undefined && { isInverted }) };
}

/** Gray three times, as images of models have it. */
function threeSamples(data: Uint8Array, pixels: number): Uint8Array {
  if (data.length > pixels) return data;
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) rgb.fill(data[i]!, 3 * i, 3 * i + 3);
  return rgb;
}

/**
 * The frames of the scan that another one was cut from, made of values on the slices of that one: the same voxels at the same places of the
 * patient. It takes one byte a voxel.
 *
 * @param slice - the values of a slice [rows, columns]; undefined: all 0
 * @returns the values of a frame of the origin, row-major; undefined where all are 0
 */
export async function backOnOrigin(
  { cut: { from, to }, ...scan }: CutScan,
  slice: (index: number) => Promise<Uint8Array | undefined>,
): Promise<(frame: number) => Uint8Array | undefined> {
  const shape = [scan.columns, scan.rows, scan.frames.length] as const;
  const data = new Uint8Array(shape[0] * shape[1] * shape[2]);
  for (let index = 0; index < shape[2]; index++) {
    const values = await slice(index);
    if (values) data.set(values, index * shape[0] * shape[1]);
  }
  return (frame) => {
    const values = reorderedSlice({ shape, data }, to, from, frame);
    return values.some((value) => value !== 0) ? values : undefined;
  };
}
