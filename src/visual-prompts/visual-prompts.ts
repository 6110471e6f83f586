import { z } from "zod";
import { checkedOptions } from "../check/options.ts";
import { checkedMask } from "../check/pictures.ts";
import { ConfigError } from "../errors.ts";
import { type Box, type LabelledPoint, type Mask, outerContours } from "../image/index.ts";
import type { RandomStream } from "../tensor/random.ts";
import { type BoxClamp, boxesOf } from "./boxes.ts";
import { pointsOf } from "./points.ts";

/** The kinds of visual prompts. */
export type PromptKind = "box" | "points" | "both";

/** What an empty coarse mask becomes: an empty mask, or a box round the whole image. */
export type EmptyMask = "mask" | "box";

/** How a coarse mask becomes prompts. */
export interface VisualPromptOptions {
  readonly kind: PromptKind;
  /** Points on the mask, for the kinds `points` and `both`. */
  readonly points: number;
  /** Points off the mask, for the same kinds. */
  readonly negativePoints: number;
  /** One box for each outer contour instead of one round everything. */
  readonly perComponent: boolean;
  readonly clamp: BoxClamp;
  readonly empty: EmptyMask;
  readonly random: RandomStream;
}

const Options = z.strictObject({
  kind: z.enum(["box", "points", "both"]),
  points: z.number().int().nonnegative(),
  negativePoints: z.number().int().nonnegative(),
  perComponent: z.boolean(),
  clamp: z.enum(["exclusive", "reference"]),
  empty: z.enum(["mask", "box"]),
  random: z.object({ at: z.function() }),
});

/** Visual prompts for SAM, in pixels of the image. */
export interface VisualPrompts {
  readonly boxes: readonly Box[];
  /** With several boxes, the same points go with each of them. */
  readonly points: readonly LabelledPoint[];
  /** Outer contours of the coarse mask: how many components the final cleaning keeps. */
  readonly contours: number;
  /** There is nothing to prompt: the coarse mask is empty and so is the result. */
  readonly empty: boolean;
}

/** Where the paper's method and the released scripts differ. */
export const promptPresets = {
  paper: { clamp: "exclusive", empty: "mask" },
  reference: { clamp: "reference", empty: "box" },
} as const satisfies Record<string, Partial<VisualPromptOptions>>;

/**
 * The boxes and points of a coarse mask that has the size of the image.
 *
 * An empty mask becomes the box of the whole image [0, 0, W, H] and one contour, or nothing at all, by option. (The released
 * script means the box and stops with an error.)
 *
 * @throws ConfigError when points are asked for and their number is below 1
 */
export function visualPrompts(coarse: Mask, options: VisualPromptOptions): VisualPrompts {
  const mask = checkedMask(coarse, "visualPrompts", "coarse");
  const { kind, points, negativePoints, perComponent, clamp, empty } = checkedOptions(Options, options, "visualPrompts");
  const { random } = options;
  if (kind === "points" && points < 1) {
    throw new ConfigError(`visualPrompts: prompts of the kind "points" need at least 1 point on the mask, got ${points}`);
  }
  const contours = outerContours(mask);
  if (contours.length === 0) {
    if (empty === "mask") return { boxes: [], points: [], contours: 0, empty: true };
    return { boxes: [{ x0: 0, y0: 0, x1: mask.width, y1: mask.height }], points: [], contours: 1, empty: false };
  }
  return {
    boxes: kind === "points" ? [] : boxesOf(mask, { perComponent, clamp }, contours),
    points: kind === "box" ? [] : pointsOf(mask, { count: points, negative: negativePoints, random }),
    contours: contours.length,
    empty: false,
  };
}
