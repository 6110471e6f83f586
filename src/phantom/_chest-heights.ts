import { between, placeAmong } from "./_between-slices.ts";
import { type ChestLevel, type ChestSlice, chestLevels, chestSlice, type Waves } from "./_chest-level.ts";
import type { Draws } from "./_draws.ts";
import { grown, nothing, type Shape, union, within } from "./_shapes.ts";

/** Where the levels of a chest lie, from 0 at its top to 1 below the diaphragm. */
const heights: Readonly<Record<ChestLevel, number>> = { apex: 0.1, arch: 0.3, hilum: 0.45, heart: 0.65, dome: 0.86 };

/** A slice of a chest with its height. */
export interface ChestAnchor {
  readonly height: number;
  readonly slice: ChestSlice;
}

/** The levels of one patient, from top to bottom; beyond the first and the last the lungs end. All are drawn from the same numbers, so that they fit. */
export function chestAnchors(waves: Waves, draws: () => Draws): readonly ChestAnchor[] {
  const levels = chestLevels.map((level) => ({ height: heights[level], slice: chestSlice(level, waves, draws()) }));
  const ended = (height: number, { slice }: ChestAnchor): ChestAnchor => ({
    height,
    // The heart rests on the diaphragm.
    slice: {
      ...slice,
      heart: undefined,
      chambers: [],
      leftLung: grown(slice.leftLung, -lungEnd),
      rightLung: grown(slice.rightLung, -lungEnd),
    },
  });
  return [ended(-0.02, levels[0]!), ...levels, ended(1.08, levels.at(-1)!)];
}

/** How far lungs are shrunk beyond their ends: more than their half width. */
const lungEnd = 0.35;

/** The anatomy at any height, between the levels above and below it. */
export function chestAt(height: number, anchors: readonly ChestAnchor[]): ChestSlice {
  const { a, b, t } = placeAmong(height, anchors);
  return mixed(a.slice, b.slice, t);
}

function mixed(a: ChestSlice, b: ChestSlice, t: number): ChestSlice {
  const mix = (one: Shape, other: Shape): Shape => between(one, other, t, 0)!;
  const lerp = (one: number, other: number): number => (1 - t) * one + t * other;
  const joined = (shapes: readonly Shape[]): Shape | undefined => (shapes.length === 0 ? undefined : union(shapes[0]!, ...shapes.slice(1)));
  const all = (one: readonly Shape[], other: readonly Shape[], absent: number): readonly Shape[] => {
    const shape = between(joined(one), joined(other), t, absent);
    return shape ? [shape] : [];
  };
  const mediastinum = mix(a.mediastinum, b.mediastinum);
  const heart = between(a.heart, b.heart, t, 0.15);
  return {
    body: mix(a.body, b.body),
    half: { a: lerp(a.half.a, b.half.a), b: lerp(a.half.b, b.half.b) },
    cavity: mix(a.cavity, b.cavity),
    mediastinum,
    leftLung: mix(a.leftLung, b.leftLung),
    rightLung: mix(a.rightLung, b.rightLung),
    heart: heart && within(heart, mediastinum),
    chambers: all(a.chambers, b.chambers, 0.06),
    aorta: all(a.aorta, b.aorta, 0.05),
    veins: all(a.veins, b.veins, 0.04),
    airways: all(a.airways, b.airways, 0.04),
    liver: between(a.liver, b.liver, t, 0.2),
    spleen: between(a.spleen, b.spleen, t, 0.2),
    vertebra: { u: lerp(a.vertebra.u, b.vertebra.u), v: lerp(a.vertebra.v, b.vertebra.v) },
    hasScapulae: t < 0.5 ? a.hasScapulae : b.hasScapulae,
  };
}

/** A slice whose shapes are those that `once` makes of them. */
export function eachShape(slice: ChestSlice, once: (shape: Shape) => Shape): ChestSlice {
  const list = (shapes: readonly Shape[]): readonly Shape[] =>
    shapes.length === 0 ? [] : [once(union(shapes[0] ?? nothing, ...shapes.slice(1)))];
  return {
    ...slice,
    body: once(slice.body),
    cavity: once(slice.cavity),
    mediastinum: once(slice.mediastinum),
    leftLung: once(slice.leftLung),
    rightLung: once(slice.rightLung),
    heart: slice.heart && once(slice.heart),
    chambers: list(slice.chambers),
    aorta: list(slice.aorta),
    veins: list(slice.veins),
    airways: list(slice.airways),
    liver: slice.liver && once(slice.liver),
    spleen: slice.spleen && once(slice.spleen),
  };
}
