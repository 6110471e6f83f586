import { type BmpHeader, isGrayScale, levelOfIndex } from "./bmp-header.ts";
import type { StoredPixels } from "./image-source.ts";

/** The pixels of a BMP file, uppermost row first. */
export interface BmpPixels extends StoredPixels {
  readonly data: Uint8Array;
  readonly warnings: readonly string[];
}

/**
 * Decodes the pixels of a BMP file: palettes of 1 to 8 bits with or without runs, and colours of 16, 24 and 32 bits. A palette of all levels of
 * gray is gray, any other RGB. Channels of less than 8 bits are spread over 0 to 255 and rounded down, as Pillow does.
 *
 * @param header - of the same bytes; its number of pixels is for the caller to check
 * @throws Error with what is wrong with the pixels
 */
export function decodeBmp(bytes: Uint8Array, header: BmpHeader): BmpPixels {
  return header.bits <= 8 ? ofPalette(bytes, header) : ofColours(bytes, header);
}

function ofPalette(bytes: Uint8Array, header: BmpHeader): BmpPixels {
  const { width, height, bits, palette, compression } = header;
  const indices = compression === "none" ? plainIndices(bytes, header) : runsOfIndices(bytes, header);
  let largest = 0;
  for (const index of indices) if (index > largest) largest = index;
  if (largest >= palette.length) throw new Error(`index ${largest} in a palette of ${palette.length} colours`);
  const shared = { width, height, hasAlpha: false, warnings: [] };
  if (isGrayScale(header)) {
    const data = indices.map((index) => levelOfIndex(index, bits));
    return { ...shared, space: "gray", channels: 1, stride: 1, bitDepth: bits, data };
  }
  const data = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) {
    const colour = palette[indices[i]!]!;
    data[3 * i] = colour >> 16;
    data[3 * i + 1] = colour >> 8;
    data[3 * i + 2] = colour;
  }
  return { ...shared, space: "rgb", channels: 3, stride: 3, bitDepth: 8, data };
}

/** Calls back with each row from above, and where it is stored; rows are padded to 4 bytes. */
function eachRow(bytes: Uint8Array, { width, height, bits, isTopDown, pixelsAt }: BmpHeader, use: (row: number, at: number) => void): void {
  const rowBytes = 4 * Math.ceil((width * bits) / 32);
  const [wanted, present] = [rowBytes * height, bytes.length - pixelsAt];
  if (present < wanted) throw new Error(`${present} bytes of pixels instead of ${wanted}`);
  for (let row = 0; row < height; row++) use(row, pixelsAt + rowBytes * (isTopDown ? row : height - 1 - row));
}

function plainIndices(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits } = header;
  const indices = new Uint8Array(width * height);
  const most = 2 ** bits - 1;
  eachRow(bytes, header, (row, at) => {
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      indices[row * width + x] = (bytes[at + (bit >> 3)]! >> (8 - bits - (bit & 7))) & most; // the leftmost pixel is in the highest bits
    }
  });
  return indices;
}

/** Runs of equal indices, of single ones, and jumps, from the lowest row upwards; pixels that are jumped over have index 0. */
function runsOfIndices(bytes: Uint8Array, { width, height, bits, pixelsAt }: BmpHeader): Uint8Array {
  const indices = new Uint8Array(width * height);
  let [x, row, at] = [0, height - 1, pixelsAt];
  const next = () => {
    if (at >= bytes.length) throw new Error("the runs of pixels are cut off");
    return bytes[at++]!;
  };
  const put = (index: number) => {
    if (row < 0 || x >= width) throw new Error("a run of pixels leaves the picture");
    indices[row * width + x++] = index;
  };
  for (;;) {
    const count = next();
    const value = next();
    if (count > 0) for (let i = 0; i < count; i++) put(bits === 8 ? value : i % 2 === 0 ? value >> 4 : value & 15);
    else if (value === 0) [x, row] = [0, row - 1];
    else if (value === 1) return indices;
    else if (value === 2) [x, row] = [x + next(), row - next()];
    else {
      const from = at;
      for (let i = 0, pair = 0; i < value; i++) {
        if (bits === 8) put(next());
        else if (i % 2 === 0) {
          pair = next();
          put(pair >> 4);
        } else put(pair & 15);
      }
      if ((at - from) % 2 === 1) next(); // padded to 2 bytes
    }
  }
}

function ofColours(bytes: Uint8Array, header: BmpHeader): BmpPixels {
  const { width, height, bits, masks } = header;
  const fields = masks.map(fieldOf);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = masks[3] === 0 ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  eachRow(bytes, header, (row, start) => {
    for (let x = 0, at = start, to = row * width * channels; x < width; x++, at += bits / 8, to += channels) {
      const pixel =
        bits === 16
          ? view.getUint16(at, true)
          : bits === 32
            ? view.getUint32(at, true)
            : bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
      for (let c = 0; c < channels; c++) {
        const { mask, shift, most } = fields[c]!;
        data[to + c] = most === 0 ? 0 : Math.floor((((pixel & mask) >>> shift) * 255) / most);
      }
    }
  });
  const shared = { width, height, space: "rgb", bitDepth: 8 } as const;
  if (channels === 3) return { ...shared, channels, stride: channels, hasAlpha: false, data, warnings: [] };
  // Many programs reserve the channel and leave it empty.
  const isEmpty = !data.some((value, i) => i % 4 === 3 && value > 0);
  const warnings = isEmpty ? ["its alpha is 0 everywhere, so it was passed over"] : [];
  return { ...shared, channels: isEmpty ? 3 : 4, stride: channels, hasAlpha: !isEmpty, data, warnings };
}

/** Where the bits of a channel are: its lowest one, and its largest value. */
function fieldOf(mask: number): { mask: number; shift: number; most: number } {
  if (mask === 0) return { mask, shift: 0, most: 0 };
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  if ((most & (most + 1)) !== 0) throw new Error(`a channel in the bits 0x${mask.toString(16)}, which are not side by side`);
  return { mask, shift, most };
}
