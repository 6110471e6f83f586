/**
 * Checks of images from library callers. Public functions call them once, where an image enters; the code inside
 * trusts the types.
 */
import { InputError, ShapeError } from "../errors.ts";
import { atLeast } from "../image/at-least.ts";
import type { GrayImage, Image, Mask, SaliencyMap, Size } from "../image/types.ts";
import { classOf, described } from "./described.ts";
import { firstNotFinite } from "./numbers.ts";

interface Raw {
  readonly width: number;
  readonly height: number;
  readonly data: unknown;
}

/** How far a value of a map may lie outside [0, 1], because of rounding in float32. */
const rounding = 1e-5;

/** Number of samples per pixel, and hints for arrays with other numbers of samples. */
interface Layout {
  readonly channels: number;
  readonly words: string;
  readonly others: Readonly<Record<number, string>>;
}

const rgb: Layout = {
  channels: 3,
  words: "width x height x 3",
  others: {
    1: "one channel: gray? rgbImage(image) makes RGB of it",
    4: "four channels: RGBA of a canvas? rgbImage(image) makes RGB of it",
  },
};
const gray: Layout = {
  channels: 1,
  words: "width x height",
  others: { 3: "three channels: RGB? Take one of them", 4: "four channels: RGBA of a canvas? Take one of them" },
};

const planes = (channels: number): Layout => ({ channels, words: "channels x height x width", others: {} });

/** An RGB image. @throws InputError, ShapeError which say what the pixels look like */
export function checkedImage(image: unknown, where: string, name = "image"): Image {
  return { ...sized(image, where, name, rgb), data: bytes(image as Raw, where, name, rgb) };
}

/** Gray levels 0..255. @throws as `checkedImage` */
export function checkedGray(image: unknown, where: string, name = "map"): GrayImage {
  return { ...sized(image, where, name, gray), data: bytes(image as Raw, where, name, gray) };
}

/**
 * A mask of 0 and 1. A mask of 0 and one other value, such as 255, is converted.
 *
 * @throws as `checkedImage`, and for several values other than 0, which may be labels or a picture
 */
export function checkedMask(mask: unknown, where: string, name = "mask"): Mask {
  const size = sized(mask, where, name, gray);
  const data = bytes(mask as Raw, where, name, gray);
  if (isBinary(data)) return { ...size, data };
  let foreground = 0;
  for (let i = 0; i < data.length && foreground === 0; i++) foreground = data[i]!;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0 || data[i] === foreground) continue;
    const values = [...new Set(data)].sort((a, b) => a - b);
    const listed = `${values.slice(0, 6).join(", ")}${values.length > 6 ? ", ..." : ""}`;
    throw new InputError(
      `${where}: ${name}.data must hold 0 and 1, got ${listed}. Labels, or a picture? maskOf(samples, { label }) makes a mask of one value.`,
    );
  }
  return { ...size, data: atLeast(data, 1) };
}

/** Whether all values are 0 or 1. It reads four at a time: every metric calls it, and some are as fast as this check. */
function isBinary(data: Uint8Array): boolean {
  const words = data.byteOffset % 4 === 0 ? new Int32Array(data.buffer, data.byteOffset, data.length >> 2) : new Int32Array(0);
  let bits = 0;
  for (let i = 0; i < words.length; i++) bits |= words[i]!;
  if ((bits & 0xfefefefe) !== 0) return false;
  let rest = 0;
  for (let i = 4 * words.length; i < data.length; i++) rest |= data[i]!;
  return rest <= 1;
}

/** A saliency map in [0, 1]. @throws as `checkedImage`, and for values outside */
export function checkedMap(map: unknown, where: string, name = "map"): SaliencyMap {
  const size = sized(map, where, name, gray);
  const { data } = map as Raw;
  if (kindOf(data) !== "Float32Array") {
    throw new InputError(`${where}: ${name}.data must be a Float32Array of values in [0, 1], got ${described(data)}.`);
  }
  const values = ownView(data as Float32Array, Float32Array);
  checkLength(values.length, size, where, name, gray);
  for (let i = 0; i < values.length; i++) {
    if (values[i]! >= -rounding && values[i]! <= 1 + rounding) continue;
    throw new InputError(`${where}: ${name}.data must hold values in [0, 1], got ${values[i]} at ${i}.`);
  }
  return { ...size, data: values };
}

/** Two pictures of one size. @throws ShapeError when they are not */
export function checkSameSize(where: string, a: Size & { readonly name: string }, b: Size & { readonly name: string }): void {
  if (a.width === b.width && a.height === b.height) return;
  throw new ShapeError(
    `${where}: ${a.name} and ${b.name} must have the same size, got ${a.width} x ${a.height} and ${b.width} x ${b.height}.`,
  );
}

/** Planes of float32 channels [C, H, W] with their spacing, if any. @throws as `checkedImage`, and for values that are not finite */
export function checkedChannels(image: unknown, where: string, name = "image") {
  const size = sized(image, where, name, planes(1));
  const { channels, data, spacing } = image as Raw & { readonly channels: number; readonly spacing?: unknown };
  if (!Number.isInteger(channels) || channels < 1)
    throw new InputError(`${where}: ${name}.channels must be a whole number of at least 1, got ${described(channels)}.`);
  if (kindOf(data) !== "Float32Array") throw new InputError(`${where}: ${name}.data must be a Float32Array, got ${described(data)}.`);
  const values = ownView(data as Float32Array, Float32Array);
  checkLength(values.length, size, where, name, planes(channels));
  const wrong = firstNotFinite(values);
  if (wrong >= 0) throw new InputError(`${where}: ${name}.data must hold finite values, got ${values[wrong]} at ${wrong}.`);
  return { ...size, channels, data: values, spacing: spacing === undefined ? undefined : checkedSpacing(spacing, where, name) };
}

function checkedSpacing(spacing: unknown, where: string, name: string): readonly [row: number, column: number] {
  const isMm = (mm: unknown) => Number.isFinite(mm) && (mm as number) > 0;
  if (Array.isArray(spacing) && spacing.length === 2 && spacing.every(isMm)) return spacing as [number, number];
  throw new InputError(`${where}: ${name}.spacing must be two numbers above 0, [row, column] in mm per pixel, got ${described(spacing)}.`);
}

function sized(picture: unknown, where: string, name: string, { words }: Layout): Size {
  const isBytes = picture instanceof ArrayBuffer || ArrayBuffer.isView(picture);
  if (typeof picture !== "object" || picture === null || isBytes || "then" in picture) {
    const hint = isBytes ? " The bytes of a file? decodeImage({ name, bytes }) reads them." : "";
    throw new InputError(`${where}: ${name} must be { width, height, data } with ${words} values, got ${described(picture)}.${hint}`);
  }
  const inner = ["mask", "image"].find((key) => key in picture && !("data" in picture));
  if (inner !== undefined) {
    const made = inner === "mask" ? "readMask returns { mask, warnings }" : "decodeImage returns { image, warnings }";
    throw new InputError(
      `${where}: ${name} must be { width, height, data } with ${words} values, got ${described(picture)}. ${made}: pass its "${inner}".`,
    );
  }
  const { width, height } = picture as Raw;
  for (const [side, length] of Object.entries({ width, height })) {
    if (Number.isInteger(length) && length >= 1) continue;
    throw new InputError(`${where}: ${name}.${side} must be a whole number of at least 1, got ${described(length)}.`);
  }
  return { width, height };
}

/** 8-bit samples as this realm's Uint8Array, without a copy. */
function bytes(picture: Raw, where: string, name: string, layout: Layout): Uint8Array {
  const { data } = picture;
  const kind = kindOf(data);
  if (kind !== "Uint8Array" && kind !== "Uint8ClampedArray") {
    const hint = kind.startsWith("Float") ? " If it holds 0 to 1, multiply by 255 and round." : "";
    throw new InputError(`${where}: ${name}.data must be a Uint8Array of levels 0 to 255, got ${described(data)}.${hint}`);
  }
  const samples = ownView(data as Uint8Array, Uint8Array);
  checkLength(samples.length, picture, where, name, layout);
  return samples;
}

const kindOf = (data: unknown): string => (ArrayBuffer.isView(data) ? classOf(data) : "");

/** The same memory in a typed array of this realm: arrays of frames and of `vm` have classes of their own. */
function ownView<T>(
  data: ArrayBufferView,
  Kind: { new (buffer: ArrayBuffer, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
): T {
  if (data instanceof (Kind as unknown as new () => object)) return data as T;
  return new Kind(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength / Kind.BYTES_PER_ELEMENT);
}

function checkLength(length: number, { width, height }: Size, where: string, name: string, { channels, words, others }: Layout): void {
  const expected = width * height * channels;
  if (length === expected) return;
  const guess = others[length / (width * height)];
  throw new ShapeError(
    `${where}: ${name}.data must hold ${words} = ${expected} values for ${width} x ${height} pixels, got ${length}${guess ? `, ${guess}` : ""}.`,
  );
}
