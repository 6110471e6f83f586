import type { SampleBits } from "../../../dicom/bits.ts";
import type { DicomObject } from "../../../dicom/read-file.ts";
import { InputError } from "../../../errors.ts";

/** How the pixels of an object are stored. */
export interface PixelFormat extends SampleBits {
  readonly rows: number;
  readonly columns: number;
  readonly frames: number;
  /** Of a pixel: 1, or 3 for colour. */
  readonly samples: 1 | 3;
  /** Whether a frame's samples are stored as planes, one a channel. */
  readonly isPlanar: boolean;
  readonly photometric: string;
  /** The attribute with the pixels: whole numbers, or floating-point ones of 32 or 64 bits. */
  readonly source: "PixelData" | "FloatPixelData" | "DoubleFloatPixelData";
}

/** Most pixels of a frame, as of a picture. */
const maxPixels = 100_000_000;

const colours = ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_RCT", "YBR_ICT"];
const grays = ["MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"];

/** Reads and checks the attributes of a file's pixels. @throws InputError when they are missing, contradict one another, or are not supported */
export function pixelFormat({ name, attributes }: DicomObject): PixelFormat {
  const wrong = (what: string) => new InputError(`"${name}" is a damaged DICOM file: ${what}. Export it again.`);
  const whole = (keyword: string, least: number, most: number, absent?: number): number => {
    const value = attributes.number(keyword) ?? absent;
    if (value !== undefined && Number.isInteger(value) && value >= least && value <= most) return value;
    throw wrong(`its ${keyword} is ${value ?? "missing"}; expected a whole number from ${least} to ${most}`);
  };
  const [rows, columns] = [whole("Rows", 1, 65535), whole("Columns", 1, 65535)];
  if (rows * columns > maxPixels) {
    throw new InputError(`"${name}" has ${columns} x ${rows} pixels; at most ${maxPixels / 1e6} million are read. Make it smaller first.`);
  }
  const frames = whole("NumberOfFrames", 1, 2 ** 31 - 1, 1);
  const source = (["FloatPixelData", "DoubleFloatPixelData"] as const).find((keyword) => attributes.element(keyword)) ?? "PixelData";
  const samples = whole("SamplesPerPixel", 1, 4, 1);
  const photometric = attributes.text("PhotometricInterpretation") ?? (samples === 1 ? "MONOCHROME2" : "RGB");
  if (!(samples === 1 && grays.includes(photometric)) && !(samples === 3 && colours.includes(photometric))) {
    throw new InputError(
      `"${name}" has ${samples} samples a pixel of ${photometric}, which is not supported; expected 1 (${grays.join(", ")}) or 3 (${colours.join(", ")}). Convert it to RGB or gray first.`,
    );
  }
  const shape = { rows, columns, frames, samples, photometric, source } as const;
  if (source !== "PixelData") {
    const bits = source === "FloatPixelData" ? 32 : 64;
    return { ...shape, samples: 1, isPlanar: false, bitsAllocated: bits, bitsStored: bits, highBit: bits - 1, isSigned: true };
  }
  const bitsAllocated = attributes.number("BitsAllocated") ?? 0;
  if (![1, 8, 16, 32].includes(bitsAllocated)) throw wrong(`its BitsAllocated is ${bitsAllocated || "missing"}; expected 1, 8, 16 or 32`);
  if (bitsAllocated === 1 && samples > 1) throw wrong("its BitsAllocated is 1, but its pixels are of three colours");
  const bitsStored = whole("BitsStored", 1, bitsAllocated, bitsAllocated);
  return {
    ...shape,
    isPlanar: samples === 3 && whole("PlanarConfiguration", 0, 1, 0) === 1,
    bitsAllocated,
    bitsStored,
    highBit: whole("HighBit", bitsStored - 1, bitsAllocated - 1, bitsStored - 1),
    isSigned: whole("PixelRepresentation", 0, 1, 0) === 1,
  };
}
