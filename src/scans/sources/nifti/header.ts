import { InputError } from "../../../errors.ts";
import type { Signature } from "../first-bytes.ts";
import { type Datatype, datatypes, unreadDatatype } from "./datatypes.ts";

/** The fields of a NIfTI header that are used, with numbers as stored. Fields beyond the file's dimensions are left out. */
export interface NiftiHeader {
  readonly version: 1 | 2;
  /** Whether numbers have their lowest byte first. */
  readonly little: boolean;
  /** Whether the voxels follow in the same file; else they are in an .img file. */
  readonly isSingle: boolean;
  /** Voxels along the 1 to 7 axes, the fastest first. */
  readonly dim: readonly number[];
  /** qfac, then the distances of voxels along 7 axes. */
  readonly pixdim: readonly number[];
  readonly datatype: Datatype;
  /** Bits of a voxel by the header, which should be those of its datatype. */
  readonly bitpix: number;
  /** Place of the first voxel in its file. */
  readonly voxOffset: number;
  readonly slope: number;
  readonly intercept: number;
  readonly xyztUnits: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** b, c, d of the quaternion. */
  readonly quaternion: readonly [number, number, number];
  readonly qoffset: readonly [number, number, number];
  /** The first three rows of the sform, row-major [3, 4]. */
  readonly srow: readonly number[];
}

/** First bytes of NIfTI files, when they are not compressed. */
export const niftiSignatures: readonly Signature[] = [[[344, "n+1\0"]], [[344, "ni1\0"]], [[4, "n+2\0"]], [[4, "ni2\0"]]];

/** Bytes of the header by version. */
export const headerLength = { 1: 348, 2: 540 } as const;

/** Where fields stand, by version. @see nifti1.h and nifti2.h of the NIfTI Data Format Working Group */
const places = {
  1: {
    magic: 344,
    datatype: 70,
    bitpix: 72,
    dim: 40,
    pixdim: 76,
    vox: 108,
    slope: 112,
    units: 123,
    codes: 252,
    quatern: 256,
    srow: 280,
    intent: 68,
  },
  2: {
    magic: 4,
    datatype: 12,
    bitpix: 14,
    dim: 16,
    pixdim: 104,
    vox: 168,
    slope: 176,
    units: 500,
    codes: 344,
    quatern: 352,
    srow: 400,
    intent: 504,
  },
} as const;

/** Codes of intents that CIFTI-2 files have. */
const connectivity = [3000, 3099] as const;

/**
 * Reads the header at the start of some bytes.
 *
 * @param name - of the file, for messages
 * @throws InputError when it is no NIfTI header, is cut off, or has dimensions or a datatype that cannot be read
 */
export function niftiHeader(bytes: Uint8Array, name: string): NiftiHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { version, little } = versionOf(view, name);
  if (bytes.length < headerLength[version]) {
    throw new InputError(
      `"${name}" is cut off: ${bytes.length} bytes, where the header alone has ${headerLength[version]}. Copy or download it again.`,
    );
  }
  const at = places[version];
  // Fields grew from NIfTI-1 to NIfTI-2: counts from 2 to 8 bytes, float32 to float64, codes from 2 to 4 bytes.
  const float = (start: number, i = 0) => (version === 1 ? view.getFloat32(start + 4 * i, little) : view.getFloat64(start + 8 * i, little));
  const count = (start: number, i = 0) =>
    version === 1 ? view.getInt16(start + 2 * i, little) : Number(view.getBigInt64(start + 8 * i, little));
  const code = (start: number, i = 0) => (version === 1 ? view.getInt16(start + 2 * i, little) : view.getInt32(start + 4 * i, little));
  const floats = (start: number, length: number) => Array.from({ length }, (_, i) => float(start, i));

  const isSingle = requireMagic(bytes, at.magic, version, name);
  const intent = code(at.intent);
  if (intent >= connectivity[0] && intent <= connectivity[1]) {
    throw new InputError(`"${name}" is a CIFTI-2 file (intent ${intent}): a matrix about points of the brain, not an image.`);
  }
  const axes = count(at.dim);
  if (!(axes >= 1 && axes <= 7)) {
    throw new InputError(`"${name}": its header says ${axes} dimensions (dim[0]); expected 1 to 7. The header is damaged.`);
  }
  const dim = Array.from({ length: axes }, (_, i) => count(at.dim, i + 1));
  if (dim.some((length) => !(length >= 1 && Number.isSafeInteger(length)))) {
    throw new InputError(`"${name}": its header says ${dim.join(" x ")} voxels; expected lengths of 1 or more. The header is damaged.`);
  }
  const datatypeCode = view.getInt16(at.datatype, little);
  const datatype = datatypes.get(datatypeCode);
  if (!datatype) {
    const known = [...datatypes.values()].map(({ name: each }) => each).join(", ");
    throw new InputError(
      `"${name}" has voxels of type ${unreadDatatype(datatypeCode)}; expected one of ${known}. Save real numbers as float32 first.`,
    );
  }
  const [b, c, d, x, y, z] = floats(at.quatern, 6) as [number, number, number, number, number, number];
  return {
    version,
    little,
    isSingle,
    dim,
    pixdim: floats(at.pixdim, 8),
    datatype,
    bitpix: view.getInt16(at.bitpix, little),
    voxOffset: version === 1 ? float(at.vox) : count(at.vox),
    slope: float(at.slope, 0),
    intercept: float(at.slope, 1),
    xyztUnits: version === 1 ? view.getUint8(at.units) : code(at.units),
    qformCode: code(at.codes, 0),
    sformCode: code(at.codes, 1),
    quaternion: [b, c, d],
    qoffset: [x, y, z],
    srow: floats(at.srow, 12),
  };
}

/** Version and byte order by the first field, the length of the header. */
function versionOf(view: DataView, name: string): { version: 1 | 2; little: boolean } {
  const found = view.byteLength < 4 ? [] : [true, false].map((little) => ({ little, length: view.getInt32(0, little) }));
  for (const { little, length } of found) {
    if (length === headerLength[1]) return { version: 1, little };
    if (length === headerLength[2]) return { version: 2, little };
  }
  const got = found.length === 0 ? `${view.byteLength} bytes` : `a file that begins with ${found.map(({ length }) => length).join(" or ")}`;
  throw new InputError(`"${name}" is not a NIfTI file: expected a header that begins with its length, 348 or 540; got ${got}.`);
}

/** Line ends of every kind, by which a file shows that a transfer as text changed it. Some programs write zeros. */
const lineEnds = ["\r\n\x1a\n", "\0\0\0\0"];

/** @returns whether the voxels are in the same file */
function requireMagic(bytes: Uint8Array, at: number, version: 1 | 2, name: string): boolean {
  const magic = String.fromCharCode(...bytes.subarray(at, at + 4));
  if (magic === "\0\0\0\0" && version === 1) {
    throw new InputError(
      `"${name}" is an Analyze 7.5 header (no NIfTI mark at byte 344), which does not say how its image lies in the patient. Convert it to NIfTI first.`,
    );
  }
  if (magic !== `n+${version}\0` && magic !== `ni${version}\0`) {
    throw new InputError(
      `"${name}" is not a NIfTI file: expected "n+${version}" or "ni${version}" at byte ${at}, got ${JSON.stringify(magic)}. If it is an Analyze file, convert it to NIfTI first.`,
    );
  }
  if (version === 2) {
    const ends = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!lineEnds.includes(ends)) {
      throw new InputError(
        `"${name}" was changed by a transfer as text: bytes 8 to 11 are ${JSON.stringify(ends)}, expected ${JSON.stringify(lineEnds[0])}. Copy it again in binary mode.`,
      );
    }
  }
  return magic[1] === "+";
}
