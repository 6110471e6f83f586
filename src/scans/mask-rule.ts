import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkSamples } from "../check/samples.ts";
import { InputError, ShapeError } from "../errors.ts";
import type { Mask } from "../image/types.ts";
import { listed } from "../listed.ts";

/** A decoded image to be read as a mask: stored samples, interleaved row-major [H, W, stride]. */
export interface MaskSamples {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
  /** Kind of samples: one gray level; red, green and blue; one palette index. */
  readonly kind: "gray" | "rgb" | "palette";
  /** Whether the last sample of a pixel is its opacity. */
  readonly hasAlpha?: boolean | undefined;
  /** Samples per pixel; default: those of its kind, plus opacity. */
  readonly stride?: number | undefined;
  /** The largest value that a sample of this type can have, 255 for 8 bits; undefined for types without a natural one. */
  readonly full?: number | undefined;
  /** Colours (0xRRGGBB) and transparent indices of a palette. */
  readonly palette?: { readonly colours: readonly number[]; readonly transparent: ReadonlySet<number> } | undefined;
}

/** A mask, and warnings about guesses: without the file name, identical for the same kind of guess. */
export interface MaskReading {
  readonly mask: Mask;
  readonly warnings: readonly string[];
}

export interface MaskRuleOptions {
  /** The value of a label image that is foreground: a level, an index of a palette, or a colour as 0xRRGGBB. */
  readonly label?: number | undefined;
  /** Name of the image in messages. */
  readonly name?: string | undefined;
}

const Options = z.strictObject({ label: z.number().optional(), name: z.string().optional() });

/** The reason why an image is not a usable mask, from a fixed set that can be counted. */
export type MaskProblem = "label image" | "another size than the image" | "values that are not numbers";

/** An image that can be read, but is not a mask. */
export class MaskError extends InputError {
  readonly problem: MaskProblem;
  /** The message without the remedy, for callers that have another one. */
  readonly fault: string;

  constructor(problem: MaskProblem, fault: string, remedy?: string) {
    super(remedy === undefined ? fault : `${fault} ${remedy}`);
    this.problem = problem;
    this.fault = fault;
  }
}

/**
 * Foreground of an image to be read as a mask: one rule for all files and for images in memory.
 *
 *   palettes                 count by index
 *   colours                  count as gray where the channels of all pixels agree
 *   transparent pixels       are background; a single colour that fades out is as opaque as it says
 *   one value                0 is empty, any other full, with a warning
 *   two values               the larger is foreground; of two colours the one that is not black
 *   soft edges               above the middle is foreground, with a warning. They reach 255 or 65535, 95 % of the pixels are within 16/255 of
 *                            an end, and there are three values or more between
 *   anything else            is a label image, of which `label` chooses a value
 *
 * A `label` holds for pictures of two values, too: where it does not occur the mask is empty, with a warning. Only a picture of 0
 * and the largest value is a mask whatever the label is, so that masks can be compared with label images.
 *
 * @throws MaskError when it is a label image and no label is chosen (the message lists its values), or holds values that are not numbers
 * @throws InputError when the samples are no such object, ConfigError for wrong options
 * @throws ShapeError when there are more or fewer samples than the size says
 * @example const { mask } = maskOf({ ...context.getImageData(0, 0, width, height), kind: "rgb", hasAlpha: true, full: 255 }); // of a canvas
 */
export function maskOf(samples: MaskSamples, options: MaskRuleOptions = {}): MaskReading {
  checkSamples(samples, "maskOf");
  const { label, name } = checkedOptions(Options, options, "maskOf");
  const where = name === undefined ? "the mask" : `"${name}"`;
  const { width, height } = samples;
  const stride = samples.stride ?? (samples.kind === "rgb" ? 3 : 1) + (samples.hasAlpha ? 1 : 0);
  if (samples.data.length !== width * height * stride) {
    throw new ShapeError(
      `maskOf: ${where} of [${height}, ${width}] pixels with ${stride} samples each must hold ${width * height * stride}, got ${samples.data.length}`,
    );
  }
  const levels = levelsOf({ ...samples, stride }, label === undefined);
  const { isForeground, warnings } = chosen(levels, countsOf(levels, where), where, label);
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) if (isForeground(levels.data[i]!)) data[i] = 1;
  return { mask: { width, height, data }, warnings };
}

/** One number per pixel. */
interface Levels {
  readonly data: ArrayLike<number>;
  readonly kind: "gray" | "palette" | "colour";
  readonly full: number | undefined;
  readonly colours?: readonly number[] | undefined;
  /** Whether some pixels are background because they are transparent. */
  readonly hasTransparent: boolean;
  /** Where a colour picture shows gray alone: the colour of a level. */
  readonly asColour?: ((level: number) => number) | undefined;
}

/** Stands for transparent pixels of a palette whose index 0 is a colour to be seen. */
const clear = -1;

/**
 * Each pixel's level, index, or colour; 0 where it is transparent.
 *
 * @param followsOpacity - whether the opacity itself is the level where there is but one colour, which fades out
 */
function levelsOf(samples: MaskSamples & { readonly stride: number }, followsOpacity: boolean): Levels {
  const { width, height, data, kind, hasAlpha = false, full, palette, stride } = samples;
  const pixels = width * height;
  const channels = kind === "rgb" ? 3 : 1;
  if (kind === "palette") {
    const { colours, transparent } = palette!;
    if (transparent.size === 0) return { data, kind, full, colours, hasTransparent: false };
    // Transparent pixels are background like index 0, unless that is another colour to be seen.
    const background = transparent.has(0) ? 0 : clear;
    const visible = new Int32Array(pixels);
    let hasTransparent = false;
    for (let i = 0; i < pixels; i++) {
      const isClear = transparent.has(data[i]!);
      visible[i] = isClear ? background : data[i]!;
      hasTransparent ||= isClear;
    }
    return { data: visible, kind, full, colours, hasTransparent };
  }
  if (stride === 1) return { data, kind: "gray", full, hasTransparent: false };
  const base = (full ?? 65535) + 1;
  const asColour = (level: number) => (level * base + level) * base + level;
  const isGray = channels === 1 || channelsAgree(data, stride, pixels, hasAlpha);
  const levels = new Float64Array(pixels);
  let [hasTransparent, fades, first] = [false, false, Number.NaN];
  let isOneColour = true;
  for (let i = 0, at = 0; i < pixels; i++, at += stride) {
    const alpha = hasAlpha ? data[at + stride - 1]! : 1;
    if (alpha === 0) {
      hasTransparent = true;
      continue;
    }
    levels[i] = isGray ? data[at]! : (data[at]! * base + data[at + 1]!) * base + data[at + 2]!;
    if (Number.isNaN(first)) first = levels[i]!;
    if (levels[i] !== first) isOneColour = false;
    if (hasAlpha && alpha !== full) fades = true;
  }
  if (followsOpacity && isOneColour && fades && hasTransparent && first > 0) {
    return { data: Float64Array.from({ length: pixels }, (_, i) => data[i * stride + stride - 1]!), kind: "gray", full, hasTransparent };
  }
  return { data: levels, kind: isGray ? "gray" : "colour", full, hasTransparent, ...(isGray && channels === 3 && { asColour }) };
}

function channelsAgree(data: ArrayLike<number>, stride: number, pixels: number, hasAlpha: boolean): boolean {
  for (let i = 0, at = 0; i < pixels; i++, at += stride) {
    if (hasAlpha && data[at + stride - 1] === 0) continue;
    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return false;
  }
  return true;
}

/** With more values than this an image is at best a label image. */
const mostValues = 65536;

/** How many pixels have each value, in the order of the values. @throws MaskError when values are not numbers, or too many */
function countsOf({ data }: Levels, where: string): Map<number, number> {
  const counts = new Map<number, number>();
  let [last, run] = [Number.NaN, 0]; // masks are runs of equal pixels
  const settle = () => {
    if (run > 0) counts.set(last, (counts.get(last) ?? 0) + run);
  };
  for (let i = 0; i < data.length; i++) {
    if (data[i] === last) {
      run++;
      continue;
    }
    settle();
    [last, run] = [data[i]!, 1];
    if (!Number.isFinite(last)) throw new MaskError("values that are not numbers", `${where} holds ${last}; expected a mask of two values`);
    if (counts.size > mostValues)
      throw new MaskError("label image", `${where} has more than ${mostValues} values, expected a mask of two. Is it an image?`);
  }
  settle();
  return new Map([...counts].sort(([a], [b]) => a - b));
}

interface Choice {
  readonly isForeground: (level: number) => boolean;
  readonly warnings: readonly string[];
}

function chosen(levels: Levels, counts: ReadonlyMap<number, number>, where: string, label: number | undefined): Choice {
  if (label === undefined) return byRule(levels, counts, where);
  const { kind, full, asColour } = levels;
  const isLabel = asColour && label > full! ? (level: number) => asColour(level) === label : (level: number) => level === label;
  const values = [...counts.keys()];
  if (values.some(isLabel)) return { isForeground: isLabel, warnings: [] };
  if (kind === "gray" && values.every((value) => value === 0 || value === full)) {
    const { isForeground, warnings } = byRule(levels, counts, where);
    const isUsed = values.length > 1;
    return { isForeground, warnings: isUsed ? [`a mask of ${values.join(" and ")}: the label is ignored`] : warnings };
  }
  return { isForeground: isLabel, warnings: [`no label ${label}: taken as empty`] };
}

function byRule(levels: Levels, counts: ReadonlyMap<number, number>, where: string): Choice {
  const { kind, colours, hasTransparent } = levels;
  const values = [...counts.keys()];
  const [low, high] = [values[0]!, values.at(-1)!];
  const written = writtenIn(levels);
  const above = (limit: number, ...warnings: string[]): Choice => ({ isForeground: (level) => level > limit, warnings });
  if (kind === "palette" && values.includes(clear)) {
    if (values.length === 1) return above(0, "nothing but transparent pixels: taken as empty");
    if (values.length === 2) return above(clear);
  }
  if (values.length === 1) {
    if (high !== 0) return above(Number.NEGATIVE_INFINITY, `one value, ${written(values)}: taken as foreground everywhere`);
    if (hasTransparent) return above(0, "nothing but transparent and black pixels: taken as empty");
    const colour = kind === "palette" ? (colours![0] ?? 0) : 0;
    return colour === 0 ? above(0) : above(0, `palette index 0 alone (${hex(colour)}): taken as empty`);
  }
  if (values.length === 2) {
    if (kind === "palette" && !hasTransparent && colours![high] === 0 && colours![low] !== 0) {
      const warning = `black is the larger of two palette indices: the other one, ${low} (${hex(colours![low]!)}), is taken as foreground`;
      return { isForeground: (level) => level === low, warnings: [warning] };
    }
    if (low < 0 && high === 0) return above(low, `0 is the larger of two values (${written(values)}): taken as foreground`);
    if (kind !== "colour" || low === 0) return above(low);
  }
  if (kind === "gray" && isSoft(counts, levels.full)) return above(high / 2, "soft edges: taken as foreground above the middle");
  throw new MaskError(
    "label image",
    `${where} has ${values.length} ${nouns[kind]} (${written(values)}); expected ${kind === "colour" ? "black and another one" : "two"}. Is it a label image?`,
    "Choose a value with --label N, or save it as 0 and 255.",
  );
}

const nouns = { gray: "values", palette: "palette indices", colour: "colours" } as const;

const hex = (colour: number): string => `0x${colour.toString(16).padStart(6, "0")}`;

/** The first few values. */
function writtenIn({ kind }: Levels): (values: readonly number[]) => string {
  const text = (value: number) => (kind === "colour" ? hex(value) : value === clear && kind === "palette" ? "transparent" : String(value));
  return (values) => listed(values, 12, text);
}

/**
 * Whether a picture is a mask of two levels with values between them at its edges, as resizing, drawing and JPEG make them. Values that all lie
 * near 0 are labels beside the largest value, which marks what is left out.
 */
function isSoft(counts: ReadonlyMap<number, number>, full: number | undefined): boolean {
  const values = [...counts.keys()];
  const high = values.at(-1)!;
  if (![255, 65535, full].includes(high) || values[0]! < 0) return false;
  const reach = (16 * high) / 255;
  let [near, all] = [0, 0];
  for (const [value, count] of counts) {
    all += count;
    if (value <= reach || value >= high - reach) near += count;
  }
  const between = values.filter((value) => value > 0 && value < high);
  return near >= 0.95 * all && between.length >= 3 && between.some((value) => value > reach);
}
