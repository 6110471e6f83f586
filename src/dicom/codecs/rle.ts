/** RLE data are damaged. The message has no file. */
export class RleError extends Error {}

/** Bytes of the header: the number of segments and their places, 16 numbers of 4 bytes. */
const headerBytes = 64;

/**
 * Decodes a frame of DICOM's RLE (PackBits). Each segment holds one byte of all samples, the highest byte first; the cells that come out are
 * interleaved and have their lowest byte first.
 *
 * @param layout.length - cells of each channel: pixels, or bytes of 8 pixels for samples of one bit
 * @param layout.bytes - of a cell
 * @returns [length, channels, bytes]
 * @throws RleError when the data are damaged or end early; sizes are compared before anything is allocated
 * @see DICOM PS3.5, G
 */
export function decodeRle(
  data: Uint8Array,
  { length, channels, bytes }: { readonly length: number; readonly channels: number; readonly bytes: number },
): Uint8Array<ArrayBuffer> {
  if (data.length < headerBytes) throw new RleError(`RLE data of ${data.length} bytes have no header of ${headerBytes}`);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const segments = view.getUint32(0, true);
  if (segments !== channels * bytes) throw new RleError(`RLE data have ${segments} segments, expected ${channels * bytes}`);
  // A run makes 128 bytes of 2.
  if (data.length * 64 < length * segments) throw new RleError(`RLE data of ${data.length} bytes are too few for ${length * segments}`);
  const cells = new Uint8Array(length * segments);
  const step = channels * bytes;
  for (let segment = 0; segment < segments; segment++) {
    const start = view.getUint32(4 + 4 * segment, true);
    const end = segment + 1 < segments ? view.getUint32(8 + 4 * segment, true) : data.length;
    if (start < headerBytes || end > data.length || start > end) throw new RleError(`RLE segment ${segment + 1} has no place in the data`);
    const channel = Math.floor(segment / bytes);
    const first = channel * bytes + (bytes - 1 - (segment % bytes));
    const got = unpack(data.subarray(start, end), cells, first, step, length);
    if (got < length) throw new RleError(`RLE segment ${segment + 1} gives ${got} bytes, expected ${length}`);
  }
  return cells;
}

/** Writes up to `length` bytes at every `step`-th place. @returns how many there were */
function unpack(packed: Uint8Array, into: Uint8Array, first: number, step: number, length: number): number {
  let count = 0;
  for (let at = 0; at < packed.length && count < length; ) {
    const code = packed[at++]!;
    if (code === 128) continue;
    const isRun = code > 128;
    const repeats = isRun ? 257 - code : code + 1;
    for (let i = 0; i < repeats && count < length; i++) {
      const value = packed[isRun ? at : at + i];
      if (value === undefined) return count;
      into[first + step * count++] = value;
    }
    at += isRun ? 1 : repeats;
  }
  return count;
}
