import type { Mask } from "../image/index.ts";
import type { Shape } from "./_shapes.ts";

/** How anatomy lies in the picture. */
export interface View {
  /** Radians, clockwise in the picture. */
  readonly turn: number;
  /** Units of anatomy from the picture's middle to its edge. */
  readonly extent: number;
  /** The anatomy at the picture's middle. */
  readonly u: number;
  readonly v: number;
}

/** A picture [S, S] in the making: intensities, and the place in the anatomy of each pixel. */
export class Canvas {
  readonly size: number;
  readonly levels: Float32Array;
  /** The anatomy's coordinates at each pixel, as displaced by `bend` and `pressed`. */
  readonly u: Float32Array;
  readonly v: Float32Array;
  /** Units of anatomy in a pixel's side. */
  readonly pixel: number;
  private readonly view: View;
  /** No pixel's anatomy was displaced by more. */
  private slack = 0;

  /** @param below - a canvas to paint on with its anatomy displaced further, instead of an empty one */
  constructor(size: number, view: View, below?: Canvas) {
    this.size = size;
    this.view = view;
    this.pixel = (2 * view.extent) / size;
    if (below) {
      this.levels = below.levels;
      this.u = below.u.slice();
      this.v = below.v.slice();
      this.slack = below.slack;
      return;
    }
    this.levels = new Float32Array(size * size);
    this.u = new Float32Array(size * size);
    this.v = new Float32Array(size * size);
    const [cos, sin] = [Math.cos(view.turn) * this.pixel, Math.sin(view.turn) * this.pixel];
    for (let i = 0, y = 0; y < size; y++) {
      for (let x = 0; x < size; x++, i++) {
        const [dx, dy] = [x + 0.5 - size / 2, y + 0.5 - size / 2];
        this.u[i] = view.u + dx * cos + dy * sin;
        this.v[i] = view.v + dy * cos - dx * sin;
      }
    }
  }

  /** Displaces the anatomy by two smooth fields, so that no border is a perfect curve and no two people are alike. */
  bend(alongU: Float32Array, alongV: Float32Array, amplitude: number): void {
    for (let i = 0; i < this.u.length; i++) {
      this.u[i]! += amplitude * alongU[i]!;
      this.v[i]! += amplitude * alongV[i]!;
    }
    this.slack += 5 * amplitude;
  }

  /**
   * The same picture with what is drawn on it from now on pressed away from a point, as a growing mass does.
   *
   * @param give - [S · S], how far each pixel's tissue can yield, 0 to 1
   */
  pressed(centre: { readonly u: number; readonly v: number }, radius: number, strength: number, give: Float32Array): Canvas {
    const canvas = new Canvas(this.size, this.view, this);
    for (let i = 0; i < give.length; i++) {
      if (give[i]! <= 0) continue;
      const [du, dv] = [this.u[i]! - centre.u, this.v[i]! - centre.v];
      const nearness = 1 / (1 + ((du * du + dv * dv) / (radius * radius)) ** 2);
      const pull = strength * nearness * give[i]!;
      canvas.u[i]! -= pull * du;
      canvas.v[i]! -= pull * dv;
    }
    canvas.slack += strength * radius;
    return canvas;
  }

  /** Paints a shape with soft edges; `level` is one intensity or one for each pixel. */
  paint(shape: Shape, level: number | Float32Array, opacity = 1): void {
    this.scan(shape, (i, cover) => {
      const target = typeof level === "number" ? level : level[i]!;
      this.levels[i]! += opacity * cover * (target - this.levels[i]!);
    });
  }

  /** The pixels that a shape covers by half or more. */
  mask(shape: Shape): Mask {
    const data = new Uint8Array(this.size * this.size);
    this.scan(shape, (i, cover) => {
      if (cover >= 0.5) data[i] = 1;
    });
    return { width: this.size, height: this.size, data };
  }

  /** The depth of each pixel in a shape, where that is above `least`; `least` elsewhere. */
  depths(shape: Shape, least = -1): Float32Array {
    const depths = new Float32Array(this.size * this.size).fill(least);
    const [x0, x1, y0, y1] = this.range(shape);
    for (let y = y0; y < y1; y++) {
      for (let i = y * this.size + x0; i < y * this.size + x1; i++) depths[i] = Math.max(least, shape.depth(this.u[i]!, this.v[i]!, i));
    }
    return depths;
  }

  /** A shape as it lies on this canvas, its depth at each pixel computed once; `margin` is the most it will be grown by. */
  fixed(shape: Shape, margin = 0): Shape {
    const depths = this.depths({ ...shape, reach: shape.reach + 2 * margin });
    return { ...shape, depth: (_u, _v, pixel) => depths[pixel]! };
  }

  /** Calls `visit` with the pixels that a shape touches and the share of each that it covers. */
  private scan(shape: Shape, visit: (pixel: number, cover: number) => void): void {
    const [x0, x1, y0, y1] = this.range(shape);
    for (let y = y0; y < y1; y++) {
      for (let i = y * this.size + x0; i < y * this.size + x1; i++) {
        const cover = shape.depth(this.u[i]!, this.v[i]!, i) / this.pixel + 0.5;
        if (cover > 0) visit(i, Math.min(1, cover));
      }
    }
  }

  /** The columns [x0, x1) and rows [y0, y1) that hold a shape. */
  private range(shape: Shape): readonly [x0: number, x1: number, y0: number, y1: number] {
    const { turn, u, v } = this.view;
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const [du, dv] = [shape.u - u, shape.v - v];
    const x = this.size / 2 + (du * cos - dv * sin) / this.pixel;
    const y = this.size / 2 + (du * sin + dv * cos) / this.pixel;
    const reach = (shape.reach + this.slack) / this.pixel + 1;
    const inPicture = (at: number): number => Math.min(this.size, Math.max(0, Math.floor(at)));
    return [inPicture(x - reach), inPicture(x + reach + 1), inPicture(y - reach), inPicture(y + reach + 1)];
  }
}
