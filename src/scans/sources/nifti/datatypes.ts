import type { SampleArray } from "../image-source.ts";

/** How voxels of one NIfTI datatype are stored, and how they are kept. */
export interface Datatype {
  readonly name: string;
  /** Bits of a voxel, all its samples together. */
  readonly bits: number;
  /** Samples of a voxel: 1, or 3 for RGB. */
  readonly samples: 1 | 3;
  /** The samples of some bytes in the order of this machine; 64-bit numbers become float32. */
  keep(bytes: Uint8Array<ArrayBuffer>): SampleArray;
  /** The same in float64, before a scale is applied. */
  exact(bytes: Uint8Array<ArrayBuffer>): ArrayLike<number>;
}

type Numbers = new (buffer: ArrayBuffer) => Exclude<SampleArray, Uint8ClampedArray>;
type BigNumbers = typeof BigInt64Array | typeof BigUint64Array;

const direct = (name: string, bits: number, Kept: Numbers, samples: 1 | 3 = 1): Datatype => {
  const view = ({ buffer }: Uint8Array<ArrayBuffer>) => new Kept(buffer);
  return { name, bits: bits * samples, samples, keep: view, exact: view };
};

const big = (name: string, Stored: BigNumbers): Datatype => {
  const convert = <T extends Float32Array | Float64Array>({ buffer }: Uint8Array<ArrayBuffer>, Kept: new (length: number) => T): T => {
    const stored = new Stored(buffer);
    const kept = new Kept(stored.length);
    for (let i = 0; i < kept.length; i++) kept[i] = Number(stored[i]);
    return kept;
  };
  return { name, bits: 64, samples: 1, keep: (bytes) => convert(bytes, Float32Array), exact: (bytes) => convert(bytes, Float64Array) };
};

/** The datatypes that are read, by their codes: real numbers, and colour of 3 x 8 bits. @see nifti1.h, "NIFTI1_DATATYPES" */
export const datatypes: ReadonlyMap<number, Datatype> = new Map([
  [2, direct("uint8", 8, Uint8Array)],
  [4, direct("int16", 16, Int16Array)],
  [8, direct("int32", 32, Int32Array)],
  [16, direct("float32", 32, Float32Array)],
  [
    64,
    {
      name: "float64",
      bits: 64,
      samples: 1,
      keep: ({ buffer }) => new Float32Array(new Float64Array(buffer)),
      exact: ({ buffer }) => new Float64Array(buffer),
    },
  ],
  [128, direct("RGB24", 8, Uint8Array, 3)],
  [256, direct("int8", 8, Int8Array)],
  [512, direct("uint16", 16, Uint16Array)],
  [768, direct("uint32", 32, Uint32Array)],
  [1024, big("int64", BigInt64Array)],
  [1280, big("uint64", BigUint64Array)],
]);

/** Names of the codes that are not read, for messages. */
const unreadDatatypes: ReadonlyMap<number, string> = new Map([
  [0, "unknown"],
  [1, "single bits"],
  [32, "complex64"],
  [1536, "float128"],
  [1792, "complex128"],
  [2048, "complex256"],
  [2304, "RGBA32"],
]);

/** For a message: "complex64 (code 32)". */
export function unreadDatatype(code: number): string {
  return `${unreadDatatypes.get(code) ?? "none of the format"} (code ${code})`;
}
