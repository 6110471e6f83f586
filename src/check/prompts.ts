/** Checks of prompts from library callers; see `pictures.ts`. */
import { ConfigError, InputError, ShapeError } from "../errors.ts";
import type { Box, LabelledPoint, Size } from "../image/types.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { described } from "./described.ts";
import { firstNotFinite } from "./numbers.ts";

/** A list, each item checked. @throws InputError for anything else */
export function checkedList<T>(list: unknown, where: string, name: string, check: (item: unknown, name: string) => T): T[] {
  if (!Array.isArray(list)) throw new InputError(`${where}: ${name} must be an array, got ${described(list)}.`);
  return Array.from(list, (item, i) => check(item, `${name}[${i}]`));
}

/**
 * A box in pixels of an image, which it meets. A width or height of 0 is allowed, as the reference code makes such boxes; parts
 * outside the image are kept.
 *
 * @throws InputError when a side is not a number, the box is reversed, or it lies outside the image
 */
export function checkedBox(box: unknown, where: string, name: string, size?: Size): Box {
  const { x0, y0, x1, y1 } = fields(box, where, name, ["x0", "y0", "x1", "y1"], "{ x0, y0, x1, y1 } in pixels");
  const said = `[${x0}, ${y0}, ${x1}, ${y1}]`;
  if (x1! < x0! || y1! < y0!) {
    throw new InputError(`${where}: ${name} is reversed: x1 and y1 must not be less than x0 and y0, got ${said}.`);
  }
  if (size && (x0! > size.width || y0! > size.height || x1! < 0 || y1! < 0)) {
    throw new InputError(`${where}: ${name} ${said} lies outside the image of ${size.width} x ${size.height} pixels.`);
  }
  return { x0: x0!, y0: y0!, x1: x1!, y1: y1! };
}

/** A labelled point in pixels of an image, on it. @throws InputError when it is something else, or lies outside */
export function checkedPoint(point: unknown, where: string, name: string, size?: Size): LabelledPoint {
  const { x, y } = fields(point, where, name, ["x", "y"], "{ x, y, label } in pixels");
  const { label } = point as LabelledPoint;
  if (label !== 0 && label !== 1) {
    throw new InputError(`${where}: ${name}.label must be 1 (on the target) or 0 (off the target), got ${described(label)}.`);
  }
  if (size && !(x! >= 0 && y! >= 0 && x! <= size.width && y! <= size.height)) {
    throw new InputError(`${where}: ${name} (${x}, ${y}) lies outside the image of ${size.width} x ${size.height} pixels.`);
  }
  return { x: x!, y: y!, label };
}

/** Finite numbers of an object by their names. */
function fields(value: unknown, where: string, name: string, keys: readonly string[], words: string): Record<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new InputError(`${where}: ${name} must be ${words}, got ${described(value)}.`);
  }
  const record = value as Record<string, number>;
  for (const key of keys) {
    if (!Number.isFinite(record[key])) throw new InputError(`${where}: ${name}.${key} must be a number, got ${described(record[key])}.`);
  }
  return record;
}

/** Sentences of a text prompt. @throws ConfigError for anything else */
export function checkedTexts(text: unknown, where: string): readonly string[] {
  const texts: unknown = typeof text === "string" ? [text] : text;
  if (!Array.isArray(texts) || texts.length === 0) {
    const isPicture = typeof text === "object" && text !== null && "width" in text;
    const hint = isPicture ? " Image and text are swapped: the image goes before the text." : "";
    throw new ConfigError(`${where}: the text prompt must be a sentence or a list of sentences, got ${described(text)}.${hint}`);
  }
  const wrong = texts.find((one) => typeof one !== "string");
  if (wrong !== undefined) throw new ConfigError(`${where}: a sentence of the text prompt must be a string, got ${described(wrong)}.`);
  return texts as string[];
}

/** Float32 numbers, all finite, as many as a shape has. @throws InputError, ShapeError */
export function checkedFloats(values: unknown, where: string, name: string, shape: readonly number[]): Float32Array {
  if (!(values instanceof Float32Array))
    throw new InputError(`${where}: ${name} must be a Float32Array [${shape}], got ${described(values)}.`);
  const expected = sizeOf(shape);
  if (values.length !== expected) throw new ShapeError(`${where}: ${name} must be [${shape}] = ${expected} numbers, got ${values.length}.`);
  const wrong = firstNotFinite(values);
  if (wrong >= 0) throw new InputError(`${where}: ${name} must hold finite numbers, got ${values[wrong]} at ${wrong}.`);
  return values;
}
