import { decodeFrame } from "#codecs";
import { bitsOf, type IntegerArray, samplesOf, swapCells } from "../../../dicom/bits.ts";
import { CodecError, type EncodedFrame } from "../../../dicom/codecs/encoded-frame.ts";
import { decodeRle, RleError } from "../../../dicom/codecs/rle.ts";
import { StreamError, type StreamHeader, streamHeader } from "../../../dicom/codecs/stream-header.ts";
import { FragmentError, fragmentsOfFrames, joined } from "../../../dicom/fragments.ts";
import { inflated } from "../../../dicom/inflate.ts";
import type { DicomObject } from "../../../dicom/read-file.ts";
import { InputError } from "../../../errors.ts";
import { interleaved, wholeChroma } from "./chroma.ts";
import type { PixelFormat } from "./pixel-format.ts";

/** The samples of one frame: of one channel [rows, columns], of colour [rows, columns, 3]. */
export interface StoredFrame {
  readonly data: IntegerArray | Float32Array | Float64Array;
  /** Of colour: whether the samples are red, green and blue, or luminance and two chromas. */
  readonly colours: "RGB" | "YBR";
}

/** Reads the samples of a frame, from 0. @throws InputError when they are damaged or cut off */
export type ReadStored = (index: number) => Promise<StoredFrame>;

const standard = "1.2.840.10008.1.2";
const codecs: readonly (readonly [syntaxes: RegExp, codec: EncodedFrame["codec"]])[] = [
  [/^4\.(5\d|6[0-6]|70)$/, "jpeg"],
  [/^4\.8[01]$/, "jpeg-ls"],
  [/^4\.9[0-3]$/, "jpeg-2000"],
  [/^4\.20[1-3]$/, "htj2k"],
];
const [rle, deflatedFrames] = [`${standard}.5`, `${standard}.8.1`];
const natives = new Set([standard, `${standard}.1`, `${standard}.2`, `${standard}.1.99`]);

/**
 * The samples of an object's frames, decoded one frame at a time.
 *
 * @throws InputError for a transfer syntax that is not read, and when there are fewer pixels than the header says
 */
export function storedFrames(object: DicomObject, format: PixelFormat): ReadStored {
  const { name, transferSyntax, attributes } = object;
  const isNative = natives.has(transferSyntax);
  const codec = codecs.find(([syntaxes]) => syntaxes.test(transferSyntax.slice(standard.length + 1)))?.[1];
  if (!isNative && !codec && transferSyntax !== rle && transferSyntax !== deflatedFrames) {
    throw new InputError(
      `"${name}" is a DICOM file with transfer syntax ${transferSyntax}, which cannot be decoded. Convert it to JPEG 2000 or RLE first.`,
    );
  }
  const { fragments } = attributes.element(format.source) ?? {};
  if (isNative !== (fragments === undefined)) {
    throw damagedPixels(name, `its pixel data are ${isNative ? "" : "not "}compressed, against its transfer syntax ${transferSyntax}`);
  }
  if (!fragments) return nativeFrames(object, format);
  const frames = frameFragments(object, format, fragments);
  const decode = codec
    ? (bytes: Uint8Array) => fromCodec(bytes, codec, format)
    : async (bytes: Uint8Array) => (transferSyntax === rle ? fromRle(bytes, format) : fromCells(inflatedFrame(bytes, format), format));
  return async (index) => {
    try {
      return await decode(joined(frames[index]!));
    } catch (cause) {
      if (!(cause instanceof RleError || cause instanceof StreamError || cause instanceof CodecError)) throw cause;
      throw damagedPixels(name, `${format.frames > 1 ? `frame ${index + 1}: ` : ""}${cause.message}`, cause);
    }
  };
}

function damagedPixels(name: string, what: string, cause?: unknown): InputError {
  return new InputError(`"${name}" is a damaged DICOM file: ${what}. Copy or export it again.`, { cause });
}

function frameFragments({ name, attributes }: DicomObject, { frames }: PixelFormat, fragments: readonly Uint8Array[]): Uint8Array[][] {
  try {
    return fragmentsOfFrames({ fragments, extendedOffsets: attributes.bytes("ExtendedOffsetTable") }, frames);
  } catch (cause) {
    if (cause instanceof FragmentError) throw damagedPixels(name, cause.message, cause);
    throw cause;
  }
}

/** Bits of a native frame. YBR_FULL_422 has four samples for each two pixels. */
function frameBits({ rows, columns, samples, bitsAllocated, photometric }: PixelFormat): number {
  if (photometric === "YBR_FULL_422") return rows * Math.ceil(columns / 2) * 4 * bitsAllocated;
  return rows * columns * samples * bitsAllocated;
}

function nativeFrames({ name, attributes, isLittle }: DicomObject, format: PixelFormat): ReadStored {
  const { bitsAllocated, frames, source } = format;
  const { value, vr } = attributes.element(source)!;
  const bits = frameBits(format);
  const needed = Math.ceil((bits * frames) / 8);
  if (value.length < needed) {
    throw new InputError(
      `"${name}" is a truncated DICOM file: its pixel data have ${value.length} bytes, expected ${needed} for ${frames} frames. Copy or export it again.`,
    );
  }
  // In big endian, words of 16 bits hold two cells of 8 bits, or 16 of 1 bit.
  const isPaired = !isLittle && bitsAllocated <= 8 && vr === "OW";
  return async (index) => {
    const [first, end] = [Math.floor((index * bits) / 8), Math.ceil(((index + 1) * bits) / 8)];
    const bytes = taken(value, first, end, isPaired);
    if (bitsAllocated === 1) return { data: bitsOf(bytes, index * bits - 8 * first, bits), colours: "RGB" };
    if (!isLittle) swapCells(bytes, bitsAllocated / 8);
    return fromCells(bytes, format);
  };
}

/** A copy of some bytes. @param isPaired - the bytes of each word were stored the other way round */
function taken(bytes: Uint8Array, start: number, end: number, isPaired: boolean): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(end - start);
  if (isPaired) for (let i = start; i < end; i++) copy[i - start] = bytes[i ^ 1]!;
  else copy.set(bytes.subarray(start, end));
  return copy;
}

/** Native cells of one frame, the lowest byte first. */
function fromCells(cells: Uint8Array, format: PixelFormat): StoredFrame {
  const { source, bitsAllocated, photometric } = format;
  if (source === "FloatPixelData") return { data: new Float32Array(new Uint8Array(cells).buffer), colours: "RGB" };
  if (source === "DoubleFloatPixelData") return { data: new Float64Array(new Uint8Array(cells).buffer), colours: "RGB" };
  if (bitsAllocated === 1) return { data: bitsOf(cells, 0, format.rows * format.columns), colours: "RGB" };
  const samples = samplesOf(cells, bitsAllocated / 8, format);
  const data = photometric === "YBR_FULL_422" ? wholeChroma(samples, format) : format.isPlanar ? interleaved(samples) : samples;
  return { data, colours: coloursOf(format) };
}

/** RLE keeps channels apart, whatever the planar configuration says, and has whole chromas. */
function fromRle(bytes: Uint8Array, format: PixelFormat): StoredFrame {
  const { rows, columns, samples, bitsAllocated } = format;
  const pixels = rows * columns;
  if (bitsAllocated === 1) {
    return { data: bitsOf(decodeRle(bytes, { length: Math.ceil(pixels / 8), channels: 1, bytes: 1 }), 0, pixels), colours: "RGB" };
  }
  const size = bitsAllocated / 8;
  return {
    data: samplesOf(decodeRle(bytes, { length: pixels, channels: samples, bytes: size }), size, format),
    colours: coloursOf(format),
  };
}

function inflatedFrame(bytes: Uint8Array, format: PixelFormat): Uint8Array {
  const length = Math.ceil(frameBits(format) / 8);
  let frame: Uint8Array;
  try {
    frame = inflated(bytes, length + 1); // frames are padded to an even length
  } catch (cause) {
    throw new CodecError(`a deflated frame cannot be inflated (${(cause as Error).message})`, { cause });
  }
  if (frame.length < length) throw new CodecError(`a deflated frame gives ${frame.length} bytes, expected ${length}`);
  return frame.subarray(0, length);
}

async function fromCodec(bytes: Uint8Array, codec: EncodedFrame["codec"], format: PixelFormat): Promise<StoredFrame> {
  const { rows, columns, samples, bitsAllocated, bitsStored, isSigned } = format;
  const header = streamHeader(bytes);
  const { width, height, components, precision } = header;
  if (width !== columns || height !== rows || components !== samples || precision > bitsAllocated) {
    throw new StreamError(
      `a compressed frame has ${width} x ${height} pixels of ${components} x ${precision} bits; the header says ${columns} x ${rows} of ${samples} x ${bitsAllocated}`,
    );
  }
  const cells = await decodeFrame({ codec, bytes, width, height, samples, bitsAllocated, bitsStored, isSigned });
  const size = cells.length / (rows * columns * samples);
  if (size !== 1 && size !== 2 && size !== 4)
    throw new CodecError(`the codec returned ${cells.length} bytes for ${columns} x ${rows} pixels`);
  const decoded = samplesOf(cells, size, fitted(format, size));
  return { data: header.isPlanar ? interleaved(decoded) : decoded, colours: coloursOf(format, header) };
}

/** Cells of a codec may be smaller than those of the header. */
function fitted(format: PixelFormat, size: number): PixelFormat {
  const most = Math.min(format.bitsAllocated, 8 * size);
  return { ...format, bitsStored: Math.min(format.bitsStored, most), highBit: Math.min(format.highBit, most - 1) };
}

/** What the stream says about its colours, else what the header says. JPEG 2000's own transforms (YBR_RCT, YBR_ICT) are undone by the codec. */
function coloursOf({ photometric }: PixelFormat, { colours }: Partial<StreamHeader> = {}): "RGB" | "YBR" {
  return colours ?? (photometric.startsWith("YBR_FULL") ? "YBR" : "RGB");
}
