import { readFile } from "node:fs/promises";
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { type GrayImage, type Mask, toByte } from "../../../image/index.ts";
import { checkPixelCount } from "../../../scans/sources/pixel-limit.ts";

/** The fields of `cjdata` that say what a slice shows. */
export interface SliceFacts {
  readonly patient: string;
  /** From 1. */
  readonly label: number;
}

/** A slice with its outline. */
export interface Slice {
  readonly image: GrayImage;
  /** Whether all its intensities are equal; the image is black then. */
  readonly isConstant: boolean;
  readonly mask: Mask;
}

/** A struct of the file as HDF5 holds it: its fields by name. */
interface Struct {
  /** @throws InputError when there is no such field */
  readonly field: (name: string) => Field;
}

interface Field {
  /** Of a matrix columns first, as MATLAB stores it: [columns, rows]. */
  readonly shape: readonly number[];
  readonly values: () => ArrayLike<number>;
}

/**
 * Facts of the struct `cjdata` in a MATLAB v7.3 file.
 *
 * @param most - the largest label
 * @throws InputError when it has none, or is a file of another version
 */
export async function readSliceFacts(file: string, most: number): Promise<SliceFacts> {
  return await withStruct(file, ({ field }) => {
    const label = Number(numbersOf(file, field("label"))[0]);
    if (!(Number.isInteger(label) && label >= 1 && label <= most))
      throw new InputError(`"${file}": cjdata.label is ${label}, expected a whole number from 1 to ${most}`);
    return { patient: textOf(field("PID")), label };
  });
}

/**
 * Image and mask of the struct `cjdata`. Intensities of 16 bits become 8: the least value of the image is 0, the largest 255, values between are
 * rounded, halves to the even number.
 *
 * @throws InputError as `readSliceFacts`; also when the mask has another size than the image, or more than two values
 */
export async function readSlice(file: string): Promise<Slice> {
  return await withStruct(file, ({ field }) => {
    const image = pixelsOf(file, "image", field("image"));
    const mask = pixelsOf(file, "tumorMask", field("tumorMask"));
    const { width, height } = image;
    if (mask.width !== width || mask.height !== height)
      throw new InputError(
        `"${file}": cjdata.tumorMask has ${mask.width} x ${mask.height} pixels, cjdata.image has ${width} x ${height}; a mask must have the size of its image`,
      );
    if (mask.data.some((value) => value !== 0 && value !== 1))
      throw new InputError(`"${file}": cjdata.tumorMask has values other than 0 and 1`);
    const { levels, isConstant } = minToMax(image.data);
    return { image: { width, height, data: levels }, isConstant, mask: { width, height, data: Uint8Array.from(mask.data) } };
  });
}

function minToMax(values: Float64Array): { levels: Uint8Array; isConstant: boolean } {
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [least, largest] = [Math.min(least, value), Math.max(largest, value)];
  const range = largest - least;
  return {
    levels: Uint8Array.from(values, (value) => (range > 0 ? toByte((255 * (value - least)) / range) : 0)),
    isConstant: !(range > 0),
  };
}

/** A matrix row by row: MATLAB stores it column by column. */
function pixelsOf(file: string, name: string, { shape, values }: Field): { width: number; height: number; data: Float64Array } {
  const [width, height] = shape;
  if (shape.length !== 2 || !(width! > 0 && height! > 0))
    throw new InputError(`"${file}": cjdata.${name} has the shape [${shape}], expected a matrix`);
  const size = { width: width!, height: height! };
  checkPixelCount(size, file);
  const columns = numbersOf(file, { shape, values });
  const data = new Float64Array(columns.length);
  for (let y = 0, i = 0; y < size.height; y++) for (let x = 0; x < size.width; x++) data[i++] = columns[x * size.height + y]!;
  if (data.some((value) => !Number.isFinite(value))) throw new InputError(`"${file}": cjdata.${name} holds values that are not numbers`);
  return { ...size, data };
}

function numbersOf(file: string, { shape, values }: Field): ArrayLike<number> {
  const length = shape.reduce((product, size) => product * size, 1);
  const all = values();
  if (length === 0 || all.length !== length)
    throw new InputError(`"${file}": a field of cjdata with the shape [${shape}] holds ${all.length} values`);
  return all;
}

/** Text is stored as the codes of its characters; some writers store a number instead. */
function textOf({ values }: Field): string {
  const codes = Array.from(values(), Number);
  return codes.length === 1 && codes[0]! > 0xff ? String(codes[0]) : String.fromCharCode(...codes).trim();
}

const matlab = /^MATLAB (\d+\.\d+) MAT-file/;
const hdf5Signature = [0x89, 0x48, 0x44, 0x46];
/** MATLAB writes its own header of this length before the HDF5 file. */
const userBlock = 512;

/** @throws InputError when it is no MATLAB file of version 7.3 */
function checkVersion(file: string, bytes: Uint8Array): void {
  const version = matlab.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 64)))?.[1];
  const isHdf5 = [0, userBlock].some((at) => hdf5Signature.every((byte, i) => bytes[at + i] === byte));
  if (isHdf5) return;
  if (version !== undefined && version !== "7.3")
    throw new InputError(
      `"${file}" is a MATLAB file of version ${version}; expected version 7.3 (HDF5), in which the data set is published. Save it in MATLAB with save(..., "-v7.3").`,
    );
  throw new InputError(`"${file}" is no MATLAB file of version 7.3 (HDF5)`);
}

/** Shapes and values of the library, which are typed for all kinds of data. */
const Shape = z.array(z.number());
const isNumbers = (value: unknown): value is ArrayLike<number> =>
  ArrayBuffer.isView(value) && !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array);

/** The library works on files in its own memory, under this name: nothing that an HDF5 file refers to on the disk can be reached. */
const inMemory = "slice.mat";

async function withStruct<T>(file: string, use: (struct: Struct) => T): Promise<T> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new InputError(`"${file}" cannot be read: ${cause.message}`, { cause });
  });
  checkVersion(file, bytes);
  const { ready, File, Dataset } = await import("h5wasm");
  const { FS, activate_throwing_error_handler: throwErrors } = await ready;
  throwErrors(); // else it writes them to standard error
  FS.writeFile(inMemory, bytes);
  try {
    const hdf5 = new File(inMemory, "r");
    try {
      return use({
        field(name) {
          const found = hdf5.get(`cjdata/${name}`);
          if (!(found instanceof Dataset)) throw new InputError(`"${file}" has no field cjdata.${name}`);
          return {
            shape: Shape.parse(found.shape),
            values() {
              const { value } = found;
              if (!isNumbers(value)) throw new InputError(`"${file}": cjdata.${name} does not hold numbers`);
              return value;
            },
          };
        },
      });
    } finally {
      hdf5.close();
    }
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`"${file}" is a damaged or truncated MATLAB file (${String((cause as Error).message ?? cause).split("\n")[0]})`, {
      cause,
    });
  } finally {
    FS.unlink(inMemory);
  }
}
