import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedGray } from "../check/pictures.ts";
import { checkedBox } from "../check/prompts.ts";
import { ShapeError } from "../errors.ts";
import { type Box, components, type GrayImage, type Mask, maskOf, selectComponents, type Ties } from "../image/index.ts";
import { keysOf } from "../keys-of.ts";
import type { CutMask } from "./coarse-method.ts";
import { type CoarseMethodName, coarseMethods } from "./methods.ts";
import { ThresholdSettings } from "./threshold.ts";

/** How a saliency map becomes a coarse mask. */
export interface CoarseMaskOptions {
  /** Default `kmeans`. */
  readonly method?: CoarseMethodName | undefined;
  /** For the method `threshold`: saliency above which a pixel is foreground, in [0, 1]; default 0.3. */
  readonly threshold?: number | undefined;
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
 * @returns the mask [H, W]; the least level called foreground, where the method knows one; and a sentence for everything that a
 *   user should look at: an empty mask, one that fills everything, a filter that nothing passed
 * @throws ShapeError when the window is empty or leaves the map
 *
 * @example const { mask, warnings } = coarseMask(map, { ...coarsePresets.paper, method: "otsu", keep: 2 });
 */
export function coarseMask(gray: GrayImage, options: CoarseMaskOptions = {}): { mask: Mask; warnings: string[]; level?: number } {
  const map = checkedGray(gray, "coarseMask");
  const { method, threshold, keep, ties, minAreaPx, minMeanSaliency, ...rest } = checkedOptions(Options, options, "coarseMask");
  const window = rest.window === undefined ? undefined : checkedBox(rest.window, "coarseMask", "window", map);
  const cutOf = (part: GrayImage) => coarseMethods[method].cut(part, { threshold });
  const cut = window === undefined ? cutOf(map) : inside(cutOf, map, window);
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

/** Runs a method on a part of a map, and puts its mask back where the part was. */
function inside(cutOf: (part: GrayImage) => CutMask, map: GrayImage, { x0, y0, x1, y1 }: Box): CutMask {
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
  const cut = cutOf({ width, height, data: part });
  for (let y = 0; y < height; y++) data.set(cut.data.subarray(y * width, (y + 1) * width), (y0 + y) * map.width + x0);
  return { ...cut, width: map.width, height: map.height, data };
}
