import { letterRows, lettersApart, textDots } from "../../image/index.ts";
import type { RandomStream } from "../../tensor/random.ts";
import { between, type Range } from "../ranges.ts";
import { checkPlanes, type Planes } from "../types.ts";

/** What is burnt in. Positions are fractions of the image's width and height. */
export type Annotation =
  | { readonly kind: "text"; readonly text: string; readonly x: number; readonly y: number }
  /** A vertical scale: a line with ticks, every fifth of them long. */
  | { readonly kind: "ruler"; readonly x: number; readonly top: number; readonly bottom: number; readonly ticks: number }
  /** Two crosses with a dotted line between them. */
  | { readonly kind: "calipers"; readonly x0: number; readonly y0: number; readonly x1: number; readonly y1: number };

export interface AnnotationParameters {
  readonly annotations: readonly Annotation[];
  /** Side of a dot as a fraction of the image's shorter side; at least one pixel. */
  readonly dot: number;
  /** Value of the dots, in the image's values. */
  readonly level: number;
}

/** Texts as scanners write them; `#` becomes a digit. None of them names a side or a structure. */
const texts = [
  "DEPTH ##",
  "GAIN ##",
  "FR ##",
  "MI 0.#",
  "##.# CM",
  "#.# MM",
  "SUPINE",
  "PORTABLE",
  "IM ##",
  "SE #",
  "KV 1##",
  "MA ##",
  "2#.0#.##",
];

/** Places in a stream that an annotation takes. */
const places = 16;

/** Draws one to `most` texts, rulers and calipers, the size of their dots and their level. */
export function drawAnnotations(
  u: RandomStream,
  { most, dot, level }: { readonly most: number; readonly dot: Range; readonly level: Range },
): AnnotationParameters {
  const count = 1 + Math.floor(u.at(0) * most);
  return {
    dot: between(dot, u.at(1)),
    level: between(level, u.at(2)),
    annotations: Array.from({ length: count }, (_, i) => drawAnnotation((k) => u.at(places * (i + 1) + k))),
  };
}

function drawAnnotation(at: (index: number) => number): Annotation {
  const kind = at(0);
  const [x, y] = [at(1), at(2)];
  if (kind < 0.6) {
    const pattern = texts[Math.floor(at(3) * texts.length)]!;
    let next = 4;
    const text = pattern.replaceAll("#", () => String(Math.floor(at(next++) * 10)));
    // Near the upper or the lower edge.
    return { kind: "text", text, x: 0.02 + 0.7 * x, y: y < 0.5 ? 0.02 + 0.2 * y : 0.85 + 0.2 * (y - 0.5) };
  }
  if (kind < 0.8) {
    const [top, bottom] = [0.05 + 0.25 * at(3), 0.7 + 0.25 * at(4)];
    return { kind: "ruler", x: x < 0.5 ? 0.01 + 0.06 * x : 0.96 + 0.06 * (x - 0.5), top, bottom, ticks: 6 + Math.floor(at(5) * 15) };
  }
  const [length, angle] = [0.1 + 0.3 * at(3), 2 * Math.PI * at(4)];
  const [dx, dy] = [(length / 2) * Math.cos(angle), (length / 2) * Math.sin(angle)];
  const centre = { x: 0.25 + 0.5 * x, y: 0.25 + 0.5 * y };
  return { kind: "calipers", x0: centre.x - dx, y0: centre.y - dy, x1: centre.x + dx, y1: centre.y + dy };
}

/**
 * Burns texts, rulers and calipers into an image, in all channels. Changes the image alone. For any range of values: the level is in
 * the image's values. What leaves the image is cut.
 */
export function annotate(image: Planes, { annotations, dot, level }: AnnotationParameters): Planes {
  checkPlanes(image, "annotate");
  const { channels, height, width } = image;
  const data = image.data.slice();
  const side = Math.max(1, Math.round(dot * Math.min(height, width)));
  const fill = (x0: number, y0: number, columns: number, rows: number): void => {
    const [left, right] = [Math.max(0, x0), Math.max(0, Math.min(width, x0 + columns))];
    for (let c = 0; c < channels; c++) {
      for (let y = Math.max(0, y0); y < Math.min(height, y0 + rows); y++) {
        const row = (c * height + y) * width;
        data.fill(level, row + left, row + right);
      }
    }
  };
  const cross = (x: number, y: number): void => {
    fill(x - 2 * side, y, 5 * side, side);
    fill(x, y - 2 * side, side, 5 * side);
  };
  for (const annotation of annotations) {
    if (annotation.kind === "text") {
      const [x, y] = [Math.round(annotation.x * width), Math.round(annotation.y * height)];
      for (const { column, row } of textDots(annotation.text)) fill(x + column * side, y + row * side, side, side);
    } else if (annotation.kind === "ruler") {
      const x = Math.round(annotation.x * width);
      const [top, bottom] = [Math.round(annotation.top * height), Math.round(annotation.bottom * height)];
      fill(x, top, side, bottom - top);
      const inwards = annotation.x < 0.5 ? 1 : -1;
      for (let tick = 0; tick <= annotation.ticks; tick++) {
        const length = (tick % 5 === 0 ? letterRows : lettersApart - 1) * side;
        fill(inwards > 0 ? x : x + side - length, Math.round(top + ((bottom - top) * tick) / annotation.ticks), length, side);
      }
    } else {
      const [x0, y0] = [Math.round(annotation.x0 * width), Math.round(annotation.y0 * height)];
      const [x1, y1] = [Math.round(annotation.x1 * width), Math.round(annotation.y1 * height)];
      cross(x0, y0);
      cross(x1, y1);
      const dots = Math.floor(Math.hypot(x1 - x0, y1 - y0) / (4 * side));
      for (let k = 1; k < dots; k++) fill(Math.round(x0 + ((x1 - x0) * k) / dots), Math.round(y0 + ((y1 - y0) * k) / dots), side, side);
    }
  }
  return { ...image, data };
}
