import type { BrainSlice } from "./_brain-slice.ts";
import type { Draws } from "./_draws.ts";
import { capsule, ellipse, grown, rough, type Shape, union, within } from "./_shapes.ts";
import type { StructureFacts } from "./phantom.ts";

export type TumourKind = "meningioma" | "glioma" | "pituitary";

export interface Tumour {
  readonly facts: StructureFacts;
  readonly u: number;
  readonly v: number;
  readonly radius: number;
  /** What a reader would outline. */
  readonly outline: Shape;
  /** Swollen tissue round it, nothing where there is none. */
  readonly oedema?: Shape | undefined;
  /** Dead tissue or fluid inside it. */
  readonly core?: Shape | undefined;
  /** How bright the contrast agent makes it: 0 like the brain, 1 like a vessel. */
  readonly uptake: number;
  /** How uneven its brightness is. */
  readonly unevenness: number;
}

/** Smooth fields of the picture that shape a border: one wavy, one ragged. */
export interface Borders {
  readonly wavy: Float32Array;
  readonly ragged: Float32Array;
}

/** A tumour of this kind somewhere in the slice where such tumours grow. */
export function growTumour(kind: TumourKind, slice: BrainSlice, borders: Borders, draws: Draws): Tumour {
  return kinds[kind](slice, borders, draws);
}

const kinds: Record<
  TumourKind,
  typeof growTumour extends (kind: TumourKind, ...rest: infer Rest) => Tumour ? (...rest: Rest) => Tumour : never
> = {
  meningioma: (slice, borders, draws) => {
    const { site, u, v } = placeIn(slice, draws);
    const radius = radiusOf(draws, 0.07, 0.3);
    // Outwards to the dura, or inwards to the falx.
    const atFalx = slice.hasSides && Math.abs(v - slice.cavity.v) > 0.25 && draws.chance(0.25);
    const at = atFalx
      ? { u: Math.sign(u) * radius * draws.between(0.6, 0.9), v }
      : towardsDura(slice, u, v, radius * draws.between(0.5, 0.9));
    const body = ellipse(at.u, at.v, radius * draws.between(0.95, 1.2), radius * draws.between(0.8, 1), draws.between(0, Math.PI));
    const tail = draws.chance(0.35) && !atFalx;
    const rounded = rough(body, borders.wavy, 0.08 * radius);
    const outline = tail ? union(rounded, duralTail(slice, at, radius, draws)) : rounded;
    return {
      ...at,
      radius,
      facts: { kind: "meningioma", side: sideOf(slice, at.u), size: sizeOf(radius), site },
      outline: within(outline, grown(slice.cavity, -0.004)),
      oedema: draws.chance(0.4) ? rough(grown(body, radius * draws.between(0.2, 0.6)), borders.ragged, 0.2 * radius) : undefined,
      uptake: draws.between(0.5, 1),
      unevenness: draws.between(0, 0.08),
    };
  },
  glioma: (slice, borders, draws) => {
    const { site, u, v } = placeIn(slice, draws);
    const radius = Math.min(radiusOf(draws, 0.08, 0.3), Math.max(0.08, 0.8 * inside(slice, u, v)));
    const at = awayFromDura(slice, u, v, 0.8 * radius + 0.04);
    const body = ellipse(at.u, at.v, radius * draws.between(0.95, 1.25), radius * draws.between(0.75, 1), draws.between(0, Math.PI));
    const outline = rough(rough(body, borders.wavy, 0.14 * radius), borders.ragged, 0.1 * radius);
    const ring = draws.chance(0.75);
    return {
      ...at,
      radius,
      facts: { kind: "glioma", side: sideOf(slice, at.u), size: sizeOf(radius), site },
      outline: within(outline, grown(slice.brain, -0.01)),
      oedema: draws.chance(0.75)
        ? rough(rough(grown(body, radius * draws.between(0.3, 0.9)), borders.ragged, 0.25 * radius), borders.wavy, 0.3 * radius)
        : undefined,
      core: ring
        ? rough(rough(grown(body, -radius * draws.between(0.2, 0.5)), borders.ragged, -0.14 * radius), borders.wavy, 0.1 * radius)
        : undefined,
      uptake: ring ? draws.between(0.35, 0.95) : draws.pick([draws.between(-0.35, -0.15), draws.between(0.25, 0.6)]),
      unevenness: draws.between(0.06, 0.2),
    };
  },
  pituitary: (slice, borders, draws) => {
    const { u, v } = slice.sella!;
    const radius = radiusOf(draws, 0.055, 0.16);
    const lobes = union(
      ellipse(u, v, radius * draws.between(0.85, 1.2), radius),
      ellipse(u + draws.between(-0.03, 0.03), v - 0.6 * radius, radius * draws.between(0.5, 0.8), radius * 0.8),
    );
    const outline = rough(lobes, borders.wavy, 0.08 * radius);
    return {
      u,
      v,
      radius,
      facts: { kind: "pituitary", side: "midline", size: sizeOf(radius), site: "sellar" },
      outline,
      core: draws.chance(0.2) ? rough(ellipse(u, v, 0.5 * radius, 0.45 * radius), borders.wavy, 0.1 * radius) : undefined,
      uptake: draws.between(0.4, 1),
      unevenness: draws.between(0.02, 0.1),
    };
  },
};

/** A radius between low and high, small ones more often. */
function radiusOf(draws: Draws, low: number, high: number): number {
  return low + (high - low) * draws.uniform() ** 1.4;
}

/** Radii in units of half a head: a head of 18 cm has a tumour of 2 cm at 0.11. */
function sizeOf(radius: number): "small" | "medium" | "large" {
  if (radius < 0.11) return "small";
  return radius < 0.18 ? "medium" : "large";
}

/** The patient's left lies at the picture's right. */
function sideOf(slice: BrainSlice, u: number): "left" | "right" | "midline" | undefined {
  if (!slice.hasSides) return undefined;
  if (Math.abs(u) < 0.06) return "midline";
  return u > 0 ? "left" : "right";
}

function placeIn(slice: BrainSlice, draws: Draws): { site: string; u: number; v: number } {
  const { name, u, v } = draws.pick(slice.sites);
  const mirrored = slice.hasSides && draws.chance(0.5) ? -1 : 1;
  return { site: name, u: mirrored * draws.between(...u), v: draws.between(...v) };
}

const inside = (slice: BrainSlice, u: number, v: number): number => slice.cavity.depth(u, v, 0);

/** Moves a point away from the middle of the head until it lies no deeper than `depth` below the skull. */
function towardsDura(slice: BrainSlice, u: number, v: number, depth: number): { u: number; v: number } {
  const [du, dv] = direction(slice, u, v);
  for (let step = 0; step < 40 && inside(slice, u, v) > depth; step++) [u, v] = [u + 0.02 * du, v + 0.02 * dv];
  return { u, v };
}

/** Moves a point towards the middle of the head until it lies `depth` below the skull, if it can, but not across the midline. */
function awayFromDura(slice: BrainSlice, u: number, v: number, depth: number): { u: number; v: number } {
  const [du, dv] = direction(slice, u, v);
  for (let step = 0; step < 20 && inside(slice, u, v) < depth; step++) {
    if (slice.hasSides && Math.abs(u - 0.02 * du) < 0.1) break;
    [u, v] = [u - 0.02 * du, v - 0.02 * dv];
  }
  return { u, v };
}

function direction(slice: BrainSlice, u: number, v: number): readonly [number, number] {
  const [du, dv] = [u - slice.cavity.u, v - slice.cavity.v];
  const length = Math.sqrt(du * du + dv * dv) || 1;
  return [du / length, dv / length];
}

/** Thickened dura that tapers off beside a meningioma. */
function duralTail(slice: BrainSlice, at: { readonly u: number; readonly v: number }, radius: number, draws: Draws): Shape {
  const [du, dv] = direction(slice, at.u, at.v);
  const along = radius * draws.between(1.3, 1.8) * draws.pick([-1, 1]);
  const end = towardsDura(slice, at.u - dv * along, at.v + du * along, 0.02);
  return capsule(at.u + 0.5 * radius * du, at.v + 0.5 * radius * dv, end.u, end.v, 0.35 * radius, 0.012);
}
