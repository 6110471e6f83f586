/** Which bits of a cell are the sample. */
export interface SampleBits {
  /** Of a cell: 1, 8, 16 or 32. */
  readonly bitsAllocated: number;
  readonly bitsStored: number;
  /** Number of the sample's highest bit in its cell. */
  readonly highBit: number;
  readonly isSigned: boolean;
}

/** Samples of whole numbers. */
export type IntegerArray = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/**
 * The samples in cells of 8, 16 or 32 bits: other bits, such as an overlay above the sample, are dropped, and the sign is that of the sample's
 * highest bit. Codecs do not keep the sign, so that this holds for decoded cells, too.
 *
 * @param cells - lowest byte first
 * @param bytes - of a cell
 */
export function samplesOf(cells: Uint8Array, bytes: number, { bitsStored, highBit, isSigned }: SampleBits): IntegerArray {
  const unsigned = unsignedCells(cells, bytes);
  const low = highBit + 1 - bitsStored;
  const above = 32 - bitsStored;
  const isWhole = low === 0 && bitsStored === 8 * bytes;
  if (isWhole && !isSigned) return unsigned;
  const { buffer } = unsigned;
  const samples = isSigned ? signedView(buffer, bytes) : unsigned;
  if (isWhole) return samples;
  // Shifting up and down again drops the bits above and repeats the sign.
  if (isSigned) for (let i = 0; i < samples.length; i++) samples[i] = ((unsigned[i]! >>> low) << above) >> above;
  else for (let i = 0; i < samples.length; i++) samples[i] = ((unsigned[i]! >>> low) << above) >>> above;
  return samples;
}

/** A value of the header as a sample: files state those of signed samples as unsigned numbers, and the other way round. */
export function asSample(value: number, { bitsStored, isSigned }: SampleBits): number {
  const range = 2 ** bitsStored;
  if (isSigned && value >= range / 2 && value < range) return value - range;
  return !isSigned && value < 0 ? value + range : value;
}

/** Samples of one bit, the lowest bit of a byte first. @param start - bits before the first */
export function bitsOf(bytes: Uint8Array, start: number, length: number): Uint8Array {
  const samples = new Uint8Array(length);
  for (let i = 0, bit = start; i < length; i++, bit++) samples[i] = (bytes[bit >>> 3]! >>> (bit & 7)) & 1;
  return samples;
}

/** Turns the bytes of each cell round. In place. */
export function swapCells(bytes: Uint8Array, size: number): void {
  for (let at = 0; at + size <= bytes.length; at += size) {
    for (let low = at, high = at + size - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}

/** A copy, so that the cells are aligned. */
function unsignedCells(cells: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  const { buffer } = new Uint8Array(cells);
  return bytes === 1 ? new Uint8Array(buffer) : bytes === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

function signedView(buffer: ArrayBuffer, bytes: number): Int8Array | Int16Array | Int32Array {
  return bytes === 1 ? new Int8Array(buffer) : bytes === 2 ? new Int16Array(buffer) : new Int32Array(buffer);
}
