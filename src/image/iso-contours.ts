import type { Mask, Point } from "./types.ts";

/** A closed line: its corners in pixels, where a pixel's centre has whole coordinates. The last corner is joined to the first. */
export type Contour = readonly Point[];

/** A point midway between two pixels, in half pixels so that coordinates are whole. */
type HalfPoint = readonly [x: number, y: number];

/**
 * The lines between a mask and its background, by marching squares at 0.5: they run midway between the centres of pixels inside and outside,
 * and cut corners. Pixels that touch at a corner alone have lines of their own. Outer lines run clockwise on the screen, those around holes
 * the other way round. Straight runs are one edge.
 */
export function isoContours(mask: Mask): Contour[] {
  return loopsOf(mask).map(corners);
}

/**
 * The same, but a hole is joined to the line around it by a bridge of no width (a keyhole), for formats whose contours have no holes. Bridges run
 * along a row of pixels of the mask.
 */
export function keyholeContours(mask: Mask): Contour[] {
  const { width, height, data } = mask;
  const loops = loopsOf(mask).map((points) => [...points]);
  const key = ([x, y]: HalfPoint) => (y + 1) * (2 * width + 2) + x + 1;
  const loopAt = new Map(loops.flatMap((points, i) => points.map((point) => [key(point), i] as const)));
  // Holes from left to right: the line to the left of a hole is an outer one, or that of a hole which is joined already.
  const holes = loops.flatMap((points, i) => (area(points) < 0 ? [{ i, first: leftmost(points) }] : []));
  holes.sort((a, b) => a.first[0] - b.first[0]);
  const joinedTo = new Map<number, number>();
  const outer = (i: number): number => (joinedTo.has(i) ? outer(joinedTo.get(i)!) : i);
  for (const { i, first } of holes) {
    const [x, y] = first;
    let column = (x - 1) / 2;
    while (column > 0 && data[(y / 2) * width + column - 1] !== 0) column--;
    const bridge: HalfPoint = [2 * column - 1, y];
    const into = outer(loopAt.get(key(bridge))!);
    const at = loops[into]!.findIndex((point) => point[0] === bridge[0] && point[1] === bridge[1]);
    const start = loops[i]!.findIndex((point) => point[0] === x && point[1] === y);
    const around = [...loops[i]!.slice(start), ...loops[i]!.slice(0, start), first, bridge];
    loops[into]!.splice(at + 1, 0, ...around);
    loops[i] = [];
    joinedTo.set(i, into);
  }
  return loops.filter((points) => points.length > 0 && height > 0).map(corners);
}

/** Twice the area inside; negative for holes. */
function area(points: readonly HalfPoint[]): number {
  return points.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = points[(i + 1) % points.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
}

const leftmost = (points: readonly HalfPoint[]) => points.reduce((best, point) => (point[0] < best[0] ? point : best));

/** The points at which a line turns, in pixels. A bridge turns back on itself. */
function corners(points: readonly HalfPoint[]): Contour {
  const turns = points.filter(([x, y], i) => {
    const [beforeX, beforeY] = points[(i + points.length - 1) % points.length]!;
    const [afterX, afterY] = points[(i + 1) % points.length]!;
    const [inX, inY, outX, outY] = [x - beforeX, y - beforeY, afterX - x, afterY - y];
    return inX * outY !== outX * inY || inX * outX + inY * outY <= 0;
  });
  return turns.map(([x, y]) => ({ x: x / 2, y: y / 2 }));
}

/** Sides of a square of four pixels, by the half pixels from its top left one. */
const [top, right, bottom, left] = [
  [1, 0],
  [2, 1],
  [1, 2],
  [0, 1],
] as const;

type Side = typeof top | typeof right | typeof bottom | typeof left;

/** Lines through a square of four pixels, from side to side, by which pixels are inside: 1 top left, 2 top right, 4 bottom right, 8 bottom left. */
const lines: readonly (readonly (readonly [from: Side, to: Side])[])[] = [
  [],
  [[top, left]],
  [[right, top]],
  [[right, left]],
  [[bottom, right]],
  [
    [top, left],
    [bottom, right],
  ],
  [[bottom, top]],
  [[bottom, left]],
  [[left, bottom]],
  [[top, bottom]],
  [
    [right, top],
    [left, bottom],
  ],
  [[right, bottom]],
  [[left, right]],
  [[top, right]],
  [[left, top]],
  [],
];

/** All closed lines, point by point. */
function loopsOf({ width, height, data }: Mask): HalfPoint[][] {
  const row = 2 * width + 2;
  const next = new Map<number, number>();
  const key = (x: number, y: number) => (y + 1) * row + x + 1;
  for (let y = -1; y < height; y++) {
    const [above, below] = [y * width, (y + 1) * width];
    let [topLeft, bottomLeft] = [0, 0];
    for (let x = -1; x < width; x++) {
      const topRight = y >= 0 && x + 1 < width && data[above + x + 1] !== 0 ? 1 : 0;
      const bottomRight = y + 1 < height && x + 1 < width && data[below + x + 1] !== 0 ? 1 : 0;
      const inside = topLeft | (topRight << 1) | (bottomRight << 2) | (bottomLeft << 3);
      if (inside !== 0 && inside !== 15)
        for (const [[fromX, fromY], [toX, toY]] of lines[inside]!)
          next.set(key(2 * x + fromX, 2 * y + fromY), key(2 * x + toX, 2 * y + toY));
      [topLeft, bottomLeft] = [topRight, bottomRight];
    }
  }
  const loops: HalfPoint[][] = [];
  for (const start of next.keys()) {
    const points: HalfPoint[] = [];
    for (let at: number | undefined = start; at !== undefined && next.has(at); ) {
      points.push([(at % row) - 1, Math.floor(at / row) - 1]);
      const following: number | undefined = next.get(at);
      next.delete(at);
      at = following;
    }
    if (points.length > 0) loops.push(points);
  }
  return loops;
}
