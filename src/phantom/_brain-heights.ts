import { between, placeAmong } from "./_between-slices.ts";
import { type AxialLevel, axialLevels, axialSlice } from "./_brain-axial.ts";
import type { BrainSlice, Part } from "./_brain-slice.ts";
import type { Draws } from "./_draws.ts";
import { grown, type Shape, union } from "./_shapes.ts";

/** Where the axial levels of a head lie, from 0 above the vertex to 1 at the sella. */
const heights: Readonly<Record<AxialLevel, number>> = {
  vertex: 0.16,
  "above-ventricles": 0.38,
  ventricles: 0.58,
  midbrain: 0.8,
  sella: 0.97,
};

/** A slice of a head with its height. */
export interface BrainAnchor {
  readonly level: AxialLevel;
  readonly height: number;
  readonly slice: BrainSlice;
}

/** The levels of one patient, from top to bottom; above the first the head ends, below the last it goes on. All are drawn from the same numbers. */
export function brainAnchors(draws: () => Draws): readonly BrainAnchor[] {
  const levels = axialLevels.map((level): BrainAnchor => ({ level, height: heights[level], slice: axialSlice(level, draws()) }));
  const [vertex, sella] = [levels[0]!, levels.at(-1)!];
  const { slice } = vertex;
  const above = { ...slice, cavity: grown(slice.cavity, -headEnd), brain: grown(slice.brain, -headEnd), inside: [] };
  return [{ ...vertex, height: 0, slice: above }, ...levels, { ...sella, height: 1.2 }];
}

/** How far the cavity is shrunk above the head: more than its half width, the scalp and the bone. */
const headEnd = 0.75;

/** The anatomy at any height, between the levels above and below it. Parts without a border of their own fade into one another. */
export function brainAt(height: number, anchors: readonly BrainAnchor[]): BrainSlice {
  const { a, b, t } = placeAmong(height, anchors);
  const { slice } = t < 0.5 ? a : b;
  return {
    ...slice,
    face: between(a.slice.face, b.slice.face, t, 0.25),
    cavity: between(a.slice.cavity, b.slice.cavity, t, 0)!,
    brain: between(a.slice.brain, b.slice.brain, t, 0)!,
    outside: [...faded(a.slice.outside, 1 - t), ...faded(b.slice.outside, t)],
    inside: [...faded(a.slice.inside, 1 - t), ...faded(b.slice.inside, t)],
    ventricles: [between(joined(a.slice.ventricles), joined(b.slice.ventricles), t, 0.035)].filter((shape) => shape !== undefined),
  };
}

const joined = (shapes: readonly Shape[]): Shape | undefined => (shapes.length === 0 ? undefined : union(shapes[0]!, ...shapes.slice(1)));

/** Parts at a share of their opacity that rises smoothly. */
function faded(parts: readonly Part[], share: number): readonly Part[] {
  const strength = share * share * (3 - 2 * share);
  return strength === 0 ? [] : parts.map(([shape, tissue, opacity = 1]): Part => [shape, tissue, opacity * strength]);
}

/** A slice whose borders that are seen as masks are those that `once` makes of them. */
export function eachBorder(slice: BrainSlice, once: (shape: Shape) => Shape): BrainSlice {
  const ventricles = joined(slice.ventricles);
  return {
    ...slice,
    face: slice.face && once(slice.face),
    cavity: once(slice.cavity),
    brain: once(slice.brain),
    ventricles: ventricles ? [once(ventricles)] : [],
  };
}
