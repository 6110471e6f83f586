import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedGray, checkedImage } from "../check/pictures.ts";
import { checkedBox } from "../check/prompts.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import {
  type Box,
  components,
  cutImage,
  type GrayImage,
  type Image,
  type Mask,
  maskOf,
  opencvLinear,
  selectComponents,
  type Ties,
} from "../image/index.ts";
import { keysOf } from "../keys-of.ts";
import type { CoarseMethod, CutMask } from "./coarse-method.ts";
import { CrfSettings } from "./crf/crf.ts";
import { type CoarseMethodName, coarseMethods } from "./methods.ts";
import { ThresholdSettings } from "./threshold.ts";

/** Settings of single methods, see `coarseMethods`. */
type MethodOptions = z.input<typeof ThresholdSettings> & z.input<typeof CrfSettings>;

/** How a saliency map becomes a coarse mask, with the settings of the method. */
export interface CoarseMaskOptions extends MethodOptions {
  /** Default `kmeans`. */
  readonly method?: CoarseMethodName | undefined;
  /** For a method that looks at it (`crf`): the RGB image of the map, [H, W, 3]. A map of another size is resized to that of the image. */
  readonly image?: Image | undefined;
  /** How many of the largest components to keep; default 1. */
  readonly keep?: number | undefined;
  /** Whether components of equal area may make them more; default `strict`. */
  readonly ties?: Ties | undefined;
  /** Components smaller than this are dropped before the largest are chosen; default 0. */
  readonly minAreaPx?: number | undefined;
  /** Components of lower mean saliency, in [0, 1], are dropped before the largest are chosen; default 0. */
  readonly minMeanSaliency?: number | undefined;
  /** The part of the map that the model saw: the method sees this alone, and the mask is 0 outside. Default: all of it. */
  readonly window?: Box | undefined;
}

const Options = z.strictObject({
  method: z.enum(keysOf(coarseMethods)).default("kmeans"),
  ...ThresholdSettings.shape,
  ...CrfSettings.shape,
  image: z.unknown().optional(),
  keep: z.number().int().positive().or(z.literal(Number.POSITIVE_INFINITY)).default(1),
  ties: z.enum(["strict", "keep"]).default("strict"),
  minAreaPx: z.number().nonnegative().default(0),
  minMeanSaliency: z.number().min(0).max(1).default(0),
  window: z.unknown().optional(),
});

/** Where the paper's method and the released scripts differ. */
export const coarsePresets = {
  paper: { ties: "strict" },
  reference: { ties: "keep" },
} as const satisfies Record<string, CoarseMaskOptions>;

/**
 * The coarse mask of a saliency map: cut by the method, then reduced to its largest 8-connected components.
 *
 * Where components have to pass an area or a mean saliency and none does, the one of highest mean saliency stays.
 *
 * @param gray - the stored map, [H, W], levels 0..255
 * @returns the mask, of the size of the map, or of the image where one is used; the least level called foreground, where the method knows one; and a sentence for everything that a
 *   user should look at: an empty mask, one that fills everything, a filter that nothing passed
 * @throws ShapeError when the window is empty or leaves the map
 * @throws ConfigError when the method needs the image and there is none
 *
 * @example const { mask, warnings } = coarseMask(map, { ...coarsePresets.paper, method: "otsu", keep: 2 });
 */
export function coarseMask(gray: GrayImage, options: CoarseMaskOptions = {}): { mask: Mask; warnings: string[]; level?: number } {
  const given = checkedGray(gray, "coarseMask");
  const { method, keep, ties, minAreaPx, minMeanSaliency, ...rest } = checkedOptions(Options, options, "coarseMask");
  const row: CoarseMethod = coarseMethods[method];
  const checked = rest.image === undefined ? undefined : checkedImage(rest.image, "coarseMask");
  const image = row.needsImage ? requiredImage(checked, method) : undefined;
  const window = rest.window === undefined ? undefined : checkedBox(rest.window, "coarseMask", "window", given);
  const map = image ? likeImage(given, image, window) : given;
  const cut = window === undefined ? row.cut(map, rest, image) : inside(row, map, rest, image, window);
  const labels = components(cut);
  const saliency = minAreaPx > 0 || minMeanSaliency > 0 ? map : undefined;
  const selected = selectComponents(labels, { keep, ties, minAreaPx, minMeanSaliency, saliency });
  const mask = maskOf(labels, selected.components);

  const warnings: string[] = [];
  if (selected.fellBack) {
    const limits = [
      ...(minAreaPx > 0 ? [{ words: `at least ${minAreaPx} pixels`, flag: "--min-area" }] : []),
      ...(minMeanSaliency > 0 ? [{ words: `a mean saliency of at least ${minMeanSaliency}`, flag: "--min-saliency" }] : []),
    ];
    const [words, flags] = [limits.map((limit) => limit.words).join(" and "), limits.map(({ flag }) => flag).join(" or ")];
    warnings.push(`no component has ${words}; kept the one with the highest mean saliency. Check its mask, or lower ${flags}.`);
  }
  const areaPx = selected.components.reduce((sum, component) => sum + component.areaPx, 0);
  const seenPx = window === undefined ? map.data.length : (window.x1 - window.x0) * (window.y1 - window.y0);
  if (areaPx === 0) warnings.push(`the coarse mask is empty: ${method} found no foreground in the saliency map`);
  else if (areaPx === seenPx) {
    warnings.push(
      `the coarse mask covers the whole ${window === undefined ? "image" : "part that the model saw"}: ${method} found no background`,
    );
  }
  return { mask, warnings, ...(cut.level === undefined ? {} : { level: cut.level }) };
}

function requiredImage(image: Image | undefined, method: CoarseMethodName): Image {
  if (image) return image;
  throw new ConfigError(
    `coarseMask: method "${method}" looks at the image, too: expected option "image", { width, height, data } in RGB, got none.`,
  );
}

/** A map of the size of its image: resized as the released script does. A window is about the pixels of both, which must then fit. */
function likeImage(map: GrayImage, image: Image, window: Box | undefined): GrayImage {
  if (map.width === image.width && map.height === image.height) return map;
  if (window === undefined) return opencvLinear(map, image);
  throw new ShapeError(
    `coarseMask: with a window, map and image must have the same size, got ${map.width} x ${map.height} and ${image.width} x ${image.height}`,
  );
}

/** Runs a method on a part of a map, and puts its mask back where the part was. */
function inside(method: CoarseMethod, map: GrayImage, settings: MethodOptions, image: Image | undefined, window: Box): CutMask {
  const { x0, y0, x1, y1 } = window;
  const [width, height] = [x1 - x0, y1 - y0];
  if (!(x0 >= 0 && y0 >= 0 && x1 <= map.width && y1 <= map.height && width > 0 && height > 0)) {
    throw new ShapeError(
      `coarseMask: window [${x0}, ${y0}, ${x1}, ${y1}] must hold a pixel and lie in the ${map.width} x ${map.height} map`,
    );
  }
  const part = new Uint8Array(width * height);
  const data = new Uint8Array(map.data.length);
  for (let y = 0; y < height; y++) {
    const start = (y0 + y) * map.width + x0;
    part.set(map.data.subarray(start, start + width), y * width);
  }
  const cut = method.cut({ width, height, data: part }, settings, image && cutImage(image, window));
  for (let y = 0; y < height; y++) data.set(cut.data.subarray(y * width, (y + 1) * width), (y0 + y) * map.width + x0);
  return { ...cut, width: map.width, height: map.height, data };
}
