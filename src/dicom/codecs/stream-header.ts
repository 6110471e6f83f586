/** What the head of a JPEG, JPEG-LS or JPEG 2000 stream says. */
export interface StreamHeader {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Bits of a sample. */
  readonly precision: number;
  /** Of JPEG: whether its colours are RGB or YBR; undefined where nothing in the stream tells. */
  readonly colours?: "RGB" | "YBR";
  /** Of JPEG-LS: whether each component has a scan of its own, which codecs decode to planes. */
  readonly isPlanar?: boolean;
}

/** A compressed stream has no readable head. The message has no file. */
export class StreamError extends Error {}

/** @throws StreamError for other data, and for streams without an end, which codecs fill up in silence or never return from. @see ITU-T T.81, T.87; T.800, annex A */
export function streamHeader(bytes: Uint8Array): StreamHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    if (!hasEnd(bytes)) throw new StreamError("a compressed frame is cut off: it lacks the mark of its end");
    const mark = view.getUint16(0);
    if (mark === 0xffd8) return jpegHeader(bytes, view);
    if (mark === 0xff4f) return codestreamHeader(view, 0);
    // A JP2 file inside of DICOM, against the standard.
    const inside = view.getUint32(0) === 12 ? indexOfCodestream(bytes) : -1;
    if (inside >= 0) return codestreamHeader(view, inside);
  } catch (error) {
    if (error instanceof RangeError) throw new StreamError("a compressed frame ends before its header does");
    throw error;
  }
  throw new StreamError("a compressed frame is no JPEG, JPEG-LS or JPEG 2000 stream");
}

/** End of image (JPEG), end of codestream (JPEG 2000). */
function hasEnd(bytes: Uint8Array): boolean {
  for (let at = bytes.lastIndexOf(0xd9); at > 0; at = bytes.lastIndexOf(0xd9, at - 1)) if (bytes[at - 1] === 0xff) return true;
  return false;
}

function indexOfCodestream(bytes: Uint8Array): number {
  const found = String.fromCharCode(...bytes.subarray(0, 2048)).indexOf("jp2c");
  return found < 0 ? -1 : found + 4;
}

/** Image size of JPEG 2000: its offset is not part of the image. */
function codestreamHeader(view: DataView, at: number): StreamHeader {
  if (view.getUint16(at + 2) !== 0xff51) throw new StreamError("a JPEG 2000 stream does not begin with its size");
  const field = (i: number) => view.getUint32(at + 8 + 4 * i);
  const components = view.getUint16(at + 40);
  return { width: field(0) - field(2), height: field(1) - field(3), components, precision: (view.getUint8(at + 42) & 0x7f) + 1 };
}

const jpegLs = 0xf7;

/** Frame headers: all "start of frame" but the tables DHT, JPG and DAC, and that of JPEG-LS. */
const isFrameHeader = (marker: number): boolean =>
  marker === jpegLs || (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc);

function jpegHeader(bytes: Uint8Array, view: DataView): StreamHeader {
  let isJfif = false;
  let transform: number | undefined;
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) throw new StreamError(`a JPEG stream has no marker at byte ${at}`);
    const marker = view.getUint8(at + 1);
    if (marker === 0xff) {
      at++; // filling
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) throw new StreamError("a JPEG stream has no frame header");
    const length = view.getUint16(at + 2);
    const text = (count: number) => String.fromCharCode(...bytes.subarray(at + 4, at + 4 + count));
    if (marker === 0xe0 && text(4) === "JFIF") isJfif = true;
    if (marker === 0xee && text(5) === "Adobe") transform = view.getUint8(at + 15);
    if (isFrameHeader(marker)) {
      const components = view.getUint8(at + 9);
      const ids = Array.from({ length: components }, (_, i) => view.getUint8(at + 10 + 3 * i));
      const colours = marker === jpegLs ? undefined : coloursOf(String.fromCharCode(...ids), isJfif, transform);
      const size = { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
      const isPlanar = marker === jpegLs && components > 1 && scanComponents(view, at + 2 + length) === 1;
      return { ...size, components, precision: view.getUint8(at + 4), ...(colours && { colours }), isPlanar };
    }
    at += 2 + length;
  }
}

/** Components of the first scan at or behind a place. */
function scanComponents(view: DataView, start: number): number {
  for (let at = start; ; at += 2 + view.getUint16(at + 2)) if (view.getUint16(at) === 0xffda) return view.getUint8(at + 4);
}

function coloursOf(ids: string, isJfif: boolean, transform: number | undefined): "RGB" | "YBR" | undefined {
  if (ids === "RGB") return "RGB";
  if (isJfif) return "YBR";
  return transform === undefined ? undefined : transform === 0 ? "RGB" : "YBR";
}
