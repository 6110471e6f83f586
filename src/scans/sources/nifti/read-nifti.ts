import { swapCells } from "../../../dicom/bits.ts";
import { InputError } from "../../../errors.ts";
import type { NamedBytes, SampleArray } from "../image-source.ts";
import { noOtherFiles, openNifti, type PairFiles, voxelBytes } from "./content.ts";
import type { Datatype } from "./datatypes.ts";
import type { NiftiHeader } from "./header.ts";
import { type FoundPlacement, placementOf } from "./placement.ts";

/** The values of one volume, the x axis fastest: of a gray one [z, y, x], of a colour one [z, y, x, 3]. */
export interface NiftiVolume {
  /** After scaling, never clipped; NaN and infinity are 0. As stored if there is no scale, else float32. */
  readonly data: SampleArray;
  /** The same with NaN and infinity. */
  readonly withGaps: SampleArray;
  readonly warnings: readonly string[];
}

/** A NIfTI file in memory. Its volumes are converted when they are asked for. */
export interface NiftiFile {
  /** Voxels along the first three axes. */
  readonly shape: readonly [x: number, y: number, z: number];
  /** 2 for a file of one slice without a third axis. */
  readonly axes: number;
  /** Voxels along the fourth and later axes, multiplied: points in time, directions, channels. */
  readonly volumes: number;
  readonly datatype: Datatype;
  readonly position: FoundPlacement;
  /** Warnings about the header, without the file name. */
  readonly warnings: readonly string[];
  /** @param index - from 0 to `volumes` - 1 */
  volume(index: number): NiftiVolume;
}

/** Most pixels of a slice, as of a picture. */
const maxPixels = 100_000_000;

/**
 * Reads a NIfTI file: NIfTI-1 and NIfTI-2, either byte order, gzip (by its first bytes, of several members too), .hdr/.img pairs.
 * Voxels stay in the order of the file.
 *
 * @param files - among which the other file of a pair is looked for; default: none
 * @throws InputError when it is damaged, cut off, too large, or of a datatype without real numbers
 */
export async function readNifti(content: NamedBytes, files: PairFiles = noOtherFiles): Promise<NiftiFile> {
  const opened = await openNifti(content, files);
  const { header } = opened;
  const { name } = opened.voxels;
  const warnings: string[] = [];
  const { dim, datatype } = header;
  const [x = 1, y = 1, z = 1, ...more] = dim;
  const scale = scaleOf(header, name);
  const bytes = await voxelBytes(opened, warnings);
  if (x * y > maxPixels) {
    throw new InputError(`"${name}" has slices of ${x} x ${y} pixels; at most ${maxPixels / 1e6} million are read. Make it smaller first.`);
  }
  if (header.bitpix !== datatype.bits) {
    warnings.push(
      `its header says ${header.bitpix} bits a voxel (bitpix), but ${datatype.name} has ${datatype.bits}; the latter was taken`,
    );
  }
  const position = placementOf(header, name);
  return {
    shape: [x, y, z],
    axes: dim.length,
    volumes: more.reduce((product, each) => product * each, 1),
    datatype,
    position,
    warnings: [...warnings, ...position.warnings],
    volume(index) {
      const length = (x * y * z * datatype.bits) / 8;
      return volumeOf(bytes.subarray(index * length, (index + 1) * length), header, scale);
    },
  };
}

interface Scale {
  readonly slope: number;
  readonly intercept: number;
}

/** Undefined where values are as stored: no scale (0, or no number), one that changes nothing, or colours, for which the format has none. */
function scaleOf({ slope, intercept, datatype }: NiftiHeader, name: string): Scale | undefined {
  if (datatype.samples > 1 || slope === 0 || !Number.isFinite(slope)) return undefined;
  if (!Number.isFinite(intercept)) {
    throw new InputError(`"${name}" has the scale ${slope} (scl_slope), but ${intercept} as scl_inter; expected a number. Set both.`);
  }
  return slope === 1 && intercept === 0 ? undefined : { slope, intercept };
}

/** Whether this machine has the lowest byte first, as nearly all have. */
const machineIsLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** From it on, float32 does not hold every whole number. */
const largestExact = 2 ** 24;

function volumeOf(stored: Uint8Array, { datatype, little }: NiftiHeader, scale: Scale | undefined): NiftiVolume {
  const bytes = new Uint8Array(stored); // a copy: aligned for any type, and free to be swapped
  if (little !== machineIsLittle) swapCells(bytes, datatype.bits / datatype.samples / 8);
  const warnings: string[] = [];
  const withGaps = scale ? scaled(datatype.exact(bytes), scale) : datatype.keep(bytes);
  if (!(withGaps instanceof Float32Array)) return { data: withGaps, withGaps, warnings };

  let [gaps, large] = [0, 0];
  for (let i = 0; i < withGaps.length; i++) {
    if (!Number.isFinite(withGaps[i]!)) gaps++;
    else if (Math.abs(withGaps[i]!) >= largestExact) large++;
  }
  if (large > 0 && /int64/.test(datatype.name)) warnings.push(`${large} values of 2^24 or more (${datatype.name}) were rounded to float32`);
  if (gaps === 0) return { data: withGaps, withGaps, warnings };
  warnings.push(`${gaps} values are NaN or infinite; they were taken as 0`);
  return { data: withGaps.map((value) => (Number.isFinite(value) ? value : 0)), withGaps, warnings };
}

/** In float64, then float32. */
function scaled(values: ArrayLike<number>, { slope, intercept }: Scale): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0; i < result.length; i++) result[i] = values[i]! * slope + intercept;
  return result;
}
