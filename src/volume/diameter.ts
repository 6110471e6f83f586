import { type Mask, type MaskStack, sliceOf } from "../image/index.ts";
import { dot, length3, type Vector } from "../scans/vectors.ts";
import { minus, normalOf, partsOf, placeOf, type VoxelToMm } from "./voxel-to-mm.ts";

/** The longest diameter of a mask. */
export interface Diameter {
  readonly mm: number;
  /** Its ends, in the axes of the affine. */
  readonly from: Vector;
  readonly to: Vector;
}

/**
 * The largest distance between two points of a mask's surface in its volume: of the points midway between a voxel and a neighbour that is outside
 * (six neighbours; beyond the stack is outside). A single voxel is as long as its longest side. Undefined for an empty mask.
 *
 * Exact: the farthest points are corners of the convex hull, and so of the hulls in the planes of slices and of faces between slices. Pairs of
 * planes are compared in the order of an upper bound, until none can be longer.
 */
export function longestDiameter(stack: MaskStack, affine: VoxelToMm): Diameter | undefined {
  const planes: Plane[] = [];
  for (let slice = 0; slice < stack.slices; slice++) addPlane(planes, contourHull(sliceOf(stack, slice)), slice, affine);
  for (const [height, corners] of faceHulls(stack)) addPlane(planes, corners, height, affine);
  const normal = normalOf(affine);
  const pairs: { a: Plane; b: Plane; most: number }[] = [];
  for (const [i, a] of planes.entries()) {
    for (const b of planes.slice(i)) {
      const [inPlane, across] = partsOf(minus(a.centre, b.centre), normal);
      pairs.push({ a, b, most: Math.hypot(inPlane + a.radius + b.radius, across) });
    }
  }
  pairs.sort((p, q) => q.most - p.most);
  let best: Diameter | undefined;
  for (const { a, b, most } of pairs) {
    if (best && most <= best.mm) break;
    best = longer(best, farthest(a.points, b.points));
  }
  return best;
}

/** The longest diameter within one slice: the largest distance between two points of its contour, midway between pixels in and out. */
export function longestInSlice(stack: MaskStack, affine: VoxelToMm): (Diameter & { readonly slice: number }) | undefined {
  let best: (Diameter & { readonly slice: number }) | undefined;
  for (let slice = 0; slice < stack.slices; slice++) {
    const points = contourHull(sliceOf(stack, slice)).map(([x, y]) => placeOf(affine, x, y, slice));
    const found = farthest(points, points);
    if (found && !(best && best.mm >= found.mm)) best = { ...found, slice };
  }
  return best;
}

type Corner = readonly [x: number, y: number];

/** Corners of hulls in one plane, and a circle round them. */
interface Plane {
  readonly points: readonly Vector[];
  readonly centre: Vector;
  readonly radius: number;
}

function addPlane(planes: Plane[], corners: readonly Corner[], height: number, affine: VoxelToMm): void {
  if (corners.length === 0) return;
  const points = corners.map(([x, y]) => placeOf(affine, x, y, height));
  const middle = ([0, 1, 2] as const).map((axis) => {
    const values = points.map((point) => point[axis]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  }) as unknown as Vector;
  planes.push({ points, centre: middle, radius: Math.max(...points.map((point) => length3(minus(point, middle)))) });
}

function farthest(a: readonly Vector[], b: readonly Vector[]): Diameter | undefined {
  let [most, from, to] = [-1, a[0], b[0]];
  for (const p of a) {
    for (const q of b) {
      const between = minus(p, q);
      const squared = dot(between, between);
      if (squared > most) [most, from, to] = [squared, p, q];
    }
  }
  return from && to ? { mm: Math.sqrt(most), from, to } : undefined;
}

const longer = (best: Diameter | undefined, next: Diameter | undefined): Diameter | undefined =>
  best && next ? (next.mm > best.mm ? next : best) : (best ?? next);

/** The hull of the contour points of a mask: midway between a pixel and one of its four neighbours that is outside. */
function contourHull({ width, height, data }: Mask): readonly Corner[] {
  // Of the points in a row or column only the outermost can be corners.
  const [top, bottom] = [new Int32Array(width).fill(-1), new Int32Array(width)];
  const points: Corner[] = [];
  for (let y = 0; y < height; y++) {
    let [first, last] = [-1, -1];
    for (let x = 0, i = y * width; x < width; x++, i++) {
      if (data[i] === 0) continue;
      if (first < 0) first = x;
      last = x;
      if (top[x]! < 0) top[x] = y;
      bottom[x] = y;
    }
    if (first >= 0) points.push([first - 0.5, y], [last + 0.5, y]);
  }
  for (let x = 0; x < width; x++) if (top[x]! >= 0) points.push([x, top[x]! - 0.5], [x, bottom[x]! + 0.5]);
  return hullOf(points);
}

/** By height, the hulls of the middles of those faces towards the slices before and behind that are the outermost of their pixel. */
function faceHulls({ slices, rows, columns, data }: MaskStack): Map<number, readonly Corner[]> {
  const size = rows * columns;
  const [first, last] = [new Int32Array(size).fill(-1), new Int32Array(size)];
  for (let slice = 0, i = 0; slice < slices; slice++) {
    for (let pixel = 0; pixel < size; pixel++, i++) {
      if (data[i] === 0) continue;
      if (first[pixel]! < 0) first[pixel] = slice;
      last[pixel] = slice;
    }
  }
  const faces = new Map<number, Corner[]>();
  const add = (height: number, corner: Corner): void => {
    const corners = faces.get(height);
    if (corners) corners.push(corner);
    else faces.set(height, [corner]);
  };
  for (let pixel = 0; pixel < size; pixel++) {
    if (first[pixel]! < 0) continue;
    const corner: Corner = [pixel % columns, Math.floor(pixel / columns)];
    add(first[pixel]! - 0.5, corner);
    add(last[pixel]! + 0.5, corner);
  }
  return new Map([...faces].map(([height, corners]) => [height, hullOf(corners)]));
}

/** The corners of the convex hull. @see Andrew 1979, Another efficient algorithm for convex hulls in two dimensions */
function hullOf(points: readonly Corner[]): readonly Corner[] {
  const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  if (sorted.length < 3) return sorted;
  const half = (all: readonly Corner[]): Corner[] => {
    const chain: Corner[] = [];
    for (const point of all) {
      while (chain.length > 1 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.toReversed())];
}

/** Above 0 where a, b, c turn one way, below 0 for the other. */
const turn = (a: Corner, b: Corner, c: Corner): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
