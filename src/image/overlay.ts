import { z } from "zod";
import { described } from "../check/described.ts";
import { checkedOptions } from "../check/options.ts";
import { checkedGray, checkedImage, checkedMask, checkSameSize } from "../check/pictures.ts";
import { checkedBox, checkedList, checkedPoint } from "../check/prompts.ts";
import { InputError } from "../errors.ts";
import { letterRows, lettersApart, textDots } from "./dot-text.ts";
import { opencvNearest } from "./opencv-resize.ts";
import type { Box, Colour, GrayImage, Image, LabelledPoint, Mask, Size } from "./types.ts";

/** What can be drawn on an image; all of the image's size and in its pixels. */
export interface OverlayLayers {
  /** As a heat map, the more opaque the higher; nothing where it is low. */
  readonly saliency?: GrayImage | undefined;
  /** As a thin line of white and dark dashes. */
  readonly coarse?: Mask | undefined;
  /** As a cyan contour with a dark rim. */
  readonly mask?: Mask | undefined;
  /** Several masks, each as a contour in its colour with a dark rim. */
  readonly masks?: readonly ColouredMask[] | undefined;
  /** As thin yellow frames. */
  readonly boxes?: readonly Box[] | undefined;
  /** Positive ones as green plus signs, negative ones as red crosses. */
  readonly points?: readonly LabelledPoint[] | undefined;
  /** A short label in the lower left corner, white on black, such as "demonstration model". */
  readonly label?: string | undefined;
}

/** One of several masks. */
export interface ColouredMask {
  readonly mask: Mask;
  readonly colour: Colour;
}

function checkedLayers(layers: OverlayLayers, image: Size) {
  const {
    saliency,
    coarse,
    mask,
    masks = [],
    boxes = [],
    points = [],
    label = "",
  } = checkedOptions(Layers, layers, "overlay") as OverlayLayers;
  const checked = {
    saliency: saliency === undefined ? undefined : checkedGray(saliency, "overlay", "saliency"),
    coarse: coarse === undefined ? undefined : checkedMask(coarse, "overlay", "coarse"),
    mask: mask === undefined ? undefined : checkedMask(mask, "overlay", "mask"),
  };
  const coloured = checkedList(masks, "overlay", "masks", checkedColouredMask);
  for (const [name, layer] of [...Object.entries(checked), ...coloured.map(({ mask }, i) => [`masks[${i}]`, mask] as const)]) {
    if (layer) checkSameSize("overlay", { name, ...layer }, { name: "image", ...image });
  }
  return {
    ...checked,
    masks: coloured,
    boxes: checkedList(boxes, "overlay", "boxes", (box, name) => checkedBox(box, "overlay", name)),
    points: checkedList(points, "overlay", "points", (point, name) => checkedPoint(point, "overlay", name)),
    label,
  };
}

function checkedColouredMask(item: unknown, name: string): ColouredMask {
  const { mask, colour } = (item ?? {}) as Partial<ColouredMask>;
  const isLevel = (value: unknown) => typeof value === "number" && value >= 0 && value <= 255;
  if (!Array.isArray(colour) || colour.length !== 3 || !colour.every(isLevel)) {
    throw new InputError(`overlay: ${name}.colour must be [red, green, blue] of 0 to 255, got ${described(colour)}.`);
  }
  return { mask: checkedMask(mask, "overlay", `${name}.mask`), colour: colour as unknown as Colour };
}

const Layers = z.strictObject({
  saliency: z.unknown().optional(),
  coarse: z.unknown().optional(),
  mask: z.unknown().optional(),
  masks: z.unknown().optional(),
  boxes: z.unknown().optional(),
  points: z.unknown().optional(),
  label: z.string().optional(),
});

const dark: Colour = [0, 0, 0];
const white: Colour = [255, 255, 255];
const cyan: Colour = [0, 238, 255];
const yellow: Colour = [255, 221, 0];
const green: Colour = [90, 255, 60];
const red: Colour = [255, 70, 80];

/** A smaller image is enlarged by a whole factor, so that lines do not hide it. */
const leastSide = 256;
/** A line is a pixel wide for about this many pixels of the longer side. */
const sidePerLinePx = 480;
const rimOpacity = 0.6;

/**
 * Draws what the method found over the image. The anatomy stays visible: the heat map is translucent and contours are lines.
 *
 * @returns the image, enlarged by a whole factor if its longer side has fewer than 256 pixels
 * @throws ShapeError when a layer has another size than the image
 */
export function overlay(picture: Image, layers: OverlayLayers): Image {
  const image = checkedImage(picture, "overlay");
  const { saliency, coarse, mask, masks, boxes, points, label } = checkedLayers(layers, image);
  const longest = Math.max(image.width, image.height);
  const factor = longest < leastSide ? Math.ceil(leastSide / longest) : 1;
  const size = { width: image.width * factor, height: image.height * factor };
  const enlarged = <T extends Image | Mask>(layer: T): T => (factor === 1 ? layer : (opencvNearest(layer, size) as T));
  const line = Math.max(1, Math.round((longest * factor) / sidePerLinePx));

  const canvas: Image = { ...size, data: Uint8Array.from(enlarged(image).data) };
  if (saliency) paintHeat(canvas, enlarged(saliency));
  if (coarse) {
    const thin = Math.ceil(line / 2);
    const loops = contourLoops(enlarged(coarse));
    const dash = 6 * thin;
    paint(canvas, discs(size, loops.flat(), thin), dark, rimOpacity);
    paint(
      canvas,
      discs(
        size,
        loops.flatMap((loop) => loop.filter((_, i) => i % (2 * dash) < dash)),
        thin,
      ),
      white,
      0.9,
    );
  }
  for (const { mask: one, colour } of mask ? [{ mask, colour: cyan }, ...masks] : masks) {
    stroke(canvas, contourLoops(enlarged(one)).flat(), line, colour);
  }
  for (const box of boxes) stroke(canvas, framePixels(size, scaled(box, factor)), Math.max(1, line - 1), yellow);
  const arm = 3 * line + 2;
  for (const { x, y, label } of points) {
    const [cx, cy] = [Math.floor((x + 0.5) * factor), Math.floor((y + 0.5) * factor)];
    const shape = label === 1 ? plus : cross;
    stroke(
      canvas,
      shape(arm).map(([dx, dy]) => [cx + dx, cy + dy] as const),
      line,
      label === 1 ? green : red,
    );
  }
  if (label !== "") paintLabel(canvas, label, line);
  return canvas;
}

/** @param dot - side of a dot in pixels */
function paintLabel({ width, height, data }: Image, label: string, dot: number): void {
  const [wide, tall] = [(lettersApart * label.length + 1) * dot, (letterRows + 2) * dot];
  const fill = (x0: number, y0: number, x1: number, y1: number, colour: Colour) => {
    for (let y = Math.max(y0, 0); y < Math.min(y1, height); y++)
      for (let x = Math.max(x0, 0); x < Math.min(x1, width); x++) data.set(colour, 3 * (y * width + x));
  };
  const top = height - tall;
  fill(0, top, wide, height, dark);
  for (const { column, row } of textDots(label)) {
    const [x, y] = [(column + 1) * dot, top + (row + 1) * dot];
    fill(x, y, x + dot, y + dot, white);
  }
}

type Pixel = readonly [x: number, y: number];

/** matplotlib's "inferno" without its ends: the black one would look like a shadow, the pale one wash out what lies under it. */
const heat: readonly Colour[] = [
  [87, 16, 110],
  [136, 34, 106],
  [188, 55, 84],
  [227, 89, 51],
  [249, 142, 9],
  [250, 193, 40],
];
const heatFrom = 0.25;
const heatOpacity = 0.4;

function paintHeat(canvas: Image, saliency: GrayImage): void {
  const levels = Array.from({ length: 256 }, (_, level) => {
    const strength = Math.max(0, (level / 255 - heatFrom) / (1 - heatFrom));
    const position = strength * (heat.length - 1);
    const [from, to] = [heat[Math.floor(position)]!, heat[Math.ceil(position)]!];
    const colour = from.map((value, c) => value + (to[c]! - value) * (position % 1)) as unknown as Colour;
    // Reached early, so that the edge of the hot region is soft and its inside even.
    return { colour, opacity: heatOpacity * Math.min(1, 2 * strength) };
  });
  for (let i = 0; i < saliency.data.length; i++) {
    const { colour, opacity } = levels[saliency.data[i]!]!;
    if (opacity > 0) blend(canvas, i, colour, opacity);
  }
}

function blend({ data }: Image, pixel: number, colour: Colour, opacity: number): void {
  for (let c = 0; c < 3; c++) {
    const at = 3 * pixel + c;
    data[at] = Math.round(data[at]! + (colour[c]! - data[at]!) * opacity);
  }
}

/** A line through pixels, with a dark rim that keeps it visible on bright ground. */
function stroke(canvas: Image, pixels: readonly Pixel[], width: number, colour: Colour): void {
  paint(canvas, discs(canvas, pixels, width + 2 * Math.ceil(width / 2)), dark, rimOpacity);
  paint(canvas, discs(canvas, pixels, width), colour, 1);
}

function paint(canvas: Image, stencil: Mask, colour: Colour, opacity: number): void {
  for (let i = 0; i < stencil.data.length; i++) if (stencil.data[i]! > 0) blend(canvas, i, colour, opacity);
}

/** All pixels within a disc of the given diameter around some pixels. */
function discs({ width, height }: Size, pixels: readonly Pixel[], diameter: number): Mask {
  const data = new Uint8Array(width * height);
  const offsets: Pixel[] = [];
  const reach = Math.floor(diameter / 2);
  // An even diameter has no middle pixel: its disc is shifted by half a pixel to the right and down.
  const centre = diameter % 2 === 0 ? 0.5 : 0;
  for (let dy = centre ? 1 - reach : -reach; dy <= reach; dy++) {
    for (let dx = centre ? 1 - reach : -reach; dx <= reach; dx++) {
      if (Math.hypot(dx - centre, dy - centre) <= diameter / 2) offsets.push([dx, dy]);
    }
  }
  for (const [x, y] of pixels) {
    for (const [dx, dy] of offsets) {
      const [px, py] = [x + dx, y + dy];
      if (px >= 0 && py >= 0 && px < width && py < height) data[py * width + px] = 1;
    }
  }
  return { width, height, data };
}

/** Steps along the sides of pixels: east, south, west, north. */
const steps: readonly Pixel[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];
/** From a corner, the pixel on the right of each step and the one on its left; the contour has the mask on its right. */
const rightOf: readonly Pixel[] = [
  [0, 0],
  [-1, 0],
  [-1, -1],
  [0, -1],
];
const leftOf: readonly Pixel[] = [
  [0, -1],
  [0, 0],
  [-1, 0],
  [-1, -1],
];

/** The contours of a mask, outer ones and those of holes: for each side of a pixel on the way round, that pixel. */
function contourLoops({ width, height, data }: Mask): Pixel[][] {
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height && data[y * width + x]! > 0;
  const isContour = (x: number, y: number, direction: number) => {
    const [right, left] = [rightOf[direction]!, leftOf[direction]!];
    return inside(x + right[0], y + right[1]) && !inside(x + left[0], y + left[1]);
  };
  const seen = new Uint8Array((width + 1) * (height + 1) * 4);
  const sideAt = (x: number, y: number, direction: number) => (y * (width + 1) + x) * 4 + direction;
  const loops: Pixel[][] = [];
  // Every loop has a side that runs east, below the background.
  for (let startY = 0; startY < height; startY++) {
    for (let startX = 0; startX < width; startX++) {
      if (data[startY * width + startX] === 0 || inside(startX, startY - 1) || seen[sideAt(startX, startY, 0)]) continue;
      const loop: Pixel[] = [];
      let [x, y, direction] = [startX, startY, 0];
      while (!seen[sideAt(x, y, direction)]) {
        seen[sideAt(x, y, direction)] = 1;
        loop.push([x + rightOf[direction]![0], y + rightOf[direction]![1]]);
        x += steps[direction]![0];
        y += steps[direction]![1];
        // Right first: where pixels touch by their corners alone, the way stays on the same one.
        direction = [1, 0, 3].map((turn) => (direction + turn) % 4).find((next) => isContour(x, y, next))!;
      }
      loops.push(loop);
    }
  }
  return loops;
}

/** A box with exclusive ends, in the pixels of the enlarged image. */
const scaled = ({ x0, y0, x1, y1 }: Box, factor: number): Box => ({ x0: x0 * factor, y0: y0 * factor, x1: x1 * factor, y1: y1 * factor });

/** The outermost pixels of a box, as far as they lie in the picture: a box that covers it all is drawn along its edge. */
function framePixels({ width, height }: Size, box: Box): Pixel[] {
  const clamp = (value: number, length: number) => Math.min(Math.max(Math.round(value), 0), length - 1);
  const [left, top] = [clamp(box.x0, width), clamp(box.y0, height)];
  const [right, bottom] = [clamp(box.x1 - 1, width), clamp(box.y1 - 1, height)];
  const pixels: Pixel[] = [];
  for (let x = left; x <= right; x++) pixels.push([x, top], [x, bottom]);
  for (let y = top; y <= bottom; y++) pixels.push([left, y], [right, y]);
  return pixels;
}

const along = (arm: number): number[] => Array.from({ length: 2 * arm + 1 }, (_, i) => i - arm);
const plus = (arm: number): Pixel[] =>
  along(arm).flatMap((i): Pixel[] => [
    [i, 0],
    [0, i],
  ]);
const cross = (arm: number): Pixel[] =>
  along(Math.round(arm * 0.75)).flatMap((i): Pixel[] => [
    [i, i],
    [i, -i],
  ]);
