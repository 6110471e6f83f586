import type { Mask } from "../image/index.ts";
import type { Canvas } from "./_canvas.ts";
import { tableOf, vertebraOf } from "./_chest-bones.ts";
import type { ChestSlice, Waves } from "./_chest-level.ts";
import type { Draws } from "./_draws.ts";
import { ellipse, grown, nothing, pair, rim, rough, type Shape, union, within, without } from "./_shapes.ts";

/** What differs between a slice of its own and one of a volume. */
export interface Details {
  /** Ribs and plates; `draws` are those of the body. */
  readonly bones: (draws: Draws) => readonly Shape[];
  /** Of one lung: 1 left, -1 right. @param width - of the largest */
  readonly vessels: (side: 1 | -1, width: number, draws: Draws) => readonly Shape[];
  /** Where the back of the deepest slice lies: the table is under it. */
  readonly table: number;
  /** How far breasts rise, if the patient has any: 0 to 1. */
  readonly breasts: number;
}

/**
 * Paints a slice of a chest in Hounsfield units.
 *
 * @param uneven - a smooth field, the texture of the lungs
 * @returns the pixels of the vertebra with its canal
 */
export function paintChest(
  canvas: Canvas,
  slice: ChestSlice,
  tissues: Tissues,
  waves: Waves,
  uneven: Float32Array,
  parts: Details,
  draws: Draws,
): Mask {
  canvas.levels.fill(-1000);
  paintBody(canvas, slice, tissues, waves, parts, draws.of("body"));
  canvas.paint(slice.cavity, tissues.fat + 0.75 * (tissues.muscle - tissues.fat));
  for (const shape of [slice.liver, slice.spleen]) if (shape) canvas.paint(shape, tissues.liver);
  if (slice.heart) canvas.paint(slice.heart, tissues.muscle + 15);
  for (const shape of slice.chambers) canvas.paint(within(shape, grown(slice.heart ?? nothing, -0.03)), tissues.blood);
  for (const shape of slice.veins) canvas.paint(shape, tissues.blood);
  for (const shape of slice.aorta) canvas.paint(shape, tissues.artery);
  paintLungs(canvas, slice, tissues, uneven, parts, draws.of("lungs"));
  for (const shape of slice.airways) {
    canvas.paint(grown(shape, 0.01), tissues.muscle);
    canvas.paint(shape, -990);
  }
  return paintSpine(canvas, slice, tissues, waves, draws.of("spine"));
}

/** Densities in Hounsfield units. */
export interface Tissues {
  readonly lung: number;
  readonly fat: number;
  readonly muscle: number;
  readonly liver: number;
  readonly blood: number;
  /** Blood of the aorta, which contrast agent reaches at another time than that of the heart. */
  readonly artery: number;
  readonly bone: number;
  readonly marrow: number;
}

export function tissuesOf(draws: Draws): Tissues {
  const contrast = draws.chance(0.6) ? draws.between(60, 300) : 0;
  return {
    lung: draws.between(-900, -780),
    fat: draws.between(-115, -90),
    muscle: draws.between(40, 65),
    liver: draws.between(50, 75) + 0.2 * contrast,
    blood: 42 + contrast,
    artery: 42 + contrast * draws.between(0.7, 1.3),
    bone: draws.between(450, 1100),
    marrow: draws.between(130, 320),
  };
}

/** Table, skin, fat, muscles, ribs and plates of bone. */
function paintBody(canvas: Canvas, slice: ChestSlice, tissues: Tissues, waves: Waves, parts: Details, draws: Draws): void {
  const risen = (breast: Shape): Shape => grown(breast, 0.3 * (parts.breasts - 1));
  const bottom = parts.table + 0.2;
  if (draws.chance(0.75)) for (const shell of tableOf(bottom, draws)) canvas.paint(shell, draws.between(-500, 100));
  const breasts = draws.chance(0.3)
    ? pair(ellipse(0.42, -slice.half.b - 0.12, draws.between(0.2, 0.32), draws.between(0.12, 0.26), 0.2))
    : [];
  const body = canvas.fixed(union(slice.body, ...breasts.map(risen)));
  canvas.paint(body, tissues.fat);
  canvas.paint(rim(body, 0.012), tissues.muscle, 0.7);
  for (const breast of breasts.map(risen))
    canvas.paint(rough(grown(breast, -0.07), waves.short, 0.03), tissues.muscle, draws.between(0.1, 0.7));
  const thickness = draws.between(0.04, 0.08);
  const wall = union(
    rough(grown(slice.cavity, thickness), waves.short, 0.008),
    ...pair(ellipse(0.2, slice.half.b + 0.03, 0.2, draws.between(0.09, 0.14))),
    ...pair(ellipse(slice.half.a * 0.9, slice.half.b * 0.45, draws.between(0.14, 0.24), 0.26, 0.4)),
    ...(slice.hasScapulae ? pair(ellipse(slice.half.a + 0.06, 0.1, 0.24, 0.26)) : []),
    ...(slice.hasScapulae ? pair(ellipse(0.4, -slice.half.b - 0.03, 0.3, draws.between(0.06, 0.1), 0.25)) : []),
  );
  canvas.paint(
    within(wall, grown(body, -0.035)),
    waves.short.map((value) => tissues.muscle + 12 * value),
  );
  const planes = grown(slice.cavity, thickness * 0.9);
  canvas.paint(within(rim(planes, 0.012), body), tissues.fat, draws.between(0.2, 0.8));
  for (const bone of parts.bones(draws)) {
    canvas.paint(bone, tissues.bone);
    canvas.paint(grown(bone, -0.009), tissues.marrow);
  }
}

function paintLungs(canvas: Canvas, slice: ChestSlice, tissues: Tissues, uneven: Float32Array, parts: Details, draws: Draws): void {
  const texture = uneven.map((value) => tissues.lung + 18 * value);
  const width = draws.between(0.014, 0.026);
  for (const [lung, side] of [[slice.leftLung, 1] as const, [slice.rightLung, -1] as const]) {
    canvas.paint(lung, texture);
    for (const vessel of parts.vessels(side, width, draws)) canvas.paint(within(vessel, lung), Math.min(tissues.blood, 120), 0.9);
  }
}

function paintSpine(canvas: Canvas, slice: ChestSlice, tissues: Tissues, waves: Waves, draws: Draws): Mask {
  const { body, processes, canal } = vertebraOf(slice, draws);
  const marrow = waves.short.map((value) => tissues.marrow + 30 * value);
  canvas.paint(processes, tissues.bone);
  canvas.paint(grown(processes, -0.01), marrow);
  canvas.paint(body, tissues.bone);
  canvas.paint(grown(body, -0.012), marrow);
  canvas.paint(without(canal, grown(body, -0.01)), 30);
  return canvas.mask(union(body, processes, canal));
}
