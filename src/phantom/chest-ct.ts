import type { GrayImage, Mask } from "../image/index.ts";
import { smoothField } from "../tensor/smooth-field.ts";
import { Canvas } from "./_canvas.ts";
import { platesOf, ribsOf, tableOf, vertebraOf } from "./_chest-bones.ts";
import { type ChestSlice, chestLevels, chestSlice, type Waves } from "./_chest-level.ts";
import { Draws } from "./_draws.ts";
import { growNodule } from "./_lung-nodule.ts";
import { vesselsOf } from "./_lung-vessels.ts";
import { areaOf, difference, intersection, isVisible } from "./_masks.ts";
import { addNoise, blur, display } from "./_scanner.ts";
import { ellipse, grown, nothing, pair, rim, rough, union, within, without } from "./_shapes.ts";
import type { Phantom, Structure, StructureFacts } from "./phantom.ts";

/**
 * An axial slice of a chest CT of a synthetic patient, at any height from the top of the lungs to the liver, in a lung, a mediastinal or a wide
 * window, with a nodule or mass in one lung or none (about one in three).
 *
 * Structures: `left_lung`, `right_lung` (vessels included), `heart`, `aorta` (ascending, arch or descending, as the height has it), `spine`
 * (the vertebra with its canal), `nodule` (facts: side, size, site).
 *
 * @param name - of its random stream, such as "phantom/chest-ct/17"; the same name, seed and size give the same bytes
 * @param size - S, pixels in a side
 */
export function chestCt(name: string, seed: number, size: number): Phantom {
  const draws = new Draws(name, seed);
  const canvas = canvasFor(size, draws.of("view"));
  const field = (part: string, length: number): Float32Array => smoothField(`${name}/${part}`, seed, size, (size * canvas.pixel) / length);
  canvas.bend(field("bend-u", 0.6), field("bend-v", 0.6), draws.between(0.008, 0.022));
  const waves: Waves = { long: field("long", 0.2), short: field("short", 0.06) };
  const anatomy = chestSlice(draws.pick([...chestLevels, "heart"]), waves, draws.of("slice"));
  const nodule = draws.chance(0.85) ? growNodule(anatomy, waves, draws.of("nodule")) : undefined;

  const cavity = canvas.fixed(anatomy.cavity, 0.15);
  const slice = { ...anatomy, cavity, leftLung: canvas.fixed(anatomy.leftLung), rightLung: canvas.fixed(anatomy.rightLung) };
  const tissues = tissuesOf(draws.of("tissues"));
  const found = new Map<string, Structure>();
  const find = (structure: string, mask: Mask, facts: StructureFacts = {}): void => {
    if (isVisible(mask, structure === "nodule" || structure === "aorta" ? "detail" : "organ")) found.set(structure, { mask, facts });
  };

  canvas.levels.fill(-1000);
  paintBody(canvas, slice, tissues, waves, draws.of("body"));
  canvas.paint(slice.cavity, tissues.fat + 0.75 * (tissues.muscle - tissues.fat));
  for (const shape of [slice.liver, slice.spleen]) if (shape) canvas.paint(shape, tissues.liver);
  if (slice.heart) canvas.paint(slice.heart, tissues.muscle + 15);
  for (const shape of slice.chambers) canvas.paint(within(shape, grown(slice.heart ?? nothing, -0.03)), tissues.blood);
  for (const shape of slice.veins) canvas.paint(shape, tissues.blood);
  for (const shape of slice.aorta) canvas.paint(shape, tissues.artery);
  paintLungs(canvas, slice, tissues, field("lung", 0.3), draws.of("lungs"));
  for (const shape of slice.airways) {
    canvas.paint(grown(shape, 0.01), tissues.muscle);
    canvas.paint(shape, -990);
  }
  const spine = paintSpine(canvas, slice, tissues, waves, draws.of("spine"));

  const lungs = { left: canvas.mask(slice.leftLung), right: canvas.mask(slice.rightLung) };
  const airways = canvas.mask(union(nothing, ...slice.airways));
  if (nodule) {
    const mask = canvas.mask(nodule.outline);
    if (areaOf(intersection(mask, lungs[nodule.facts.side as "left" | "right"])) >= 3) {
      const level = draws.chance(0.1) ? 280 : draws.between(-60, 70);
      canvas.paint(
        nodule.outline,
        waves.short.map((value) => level + 25 * value),
      );
      find("nodule", mask, nodule.facts);
    }
  }
  find("left_lung", difference(lungs.left, airways));
  find("right_lung", difference(lungs.right, airways));
  const aorta = canvas.mask(union(nothing, ...slice.aorta));
  if (slice.heart) find("heart", difference(canvas.mask(slice.heart), aorta));
  find("aorta", difference(aorta, spine));
  find("spine", spine);
  return { modality: "chest-ct", image: scan(canvas, name, seed, draws.of("scanner")), structures: found };
}

/** Most pictures hold the whole chest, some cut its flanks off, some show one lung alone. */
function canvasFor(size: number, draws: Draws): Canvas {
  const turn = 0.06 * draws.normal();
  if (draws.chance(0.16)) {
    return new Canvas(size, {
      turn,
      extent: draws.between(0.45, 0.7),
      u: draws.pick([-1, 1]) * draws.between(0.3, 0.7),
      v: draws.between(-0.1, 0.1),
    });
  }
  return new Canvas(size, { turn, extent: draws.between(0.92, 1.3), u: draws.between(-0.1, 0.1), v: draws.between(-0.08, 0.14) });
}

/** Densities in Hounsfield units. */
interface Tissues {
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

function tissuesOf(draws: Draws): Tissues {
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
function paintBody(canvas: Canvas, slice: ChestSlice, tissues: Tissues, waves: Waves, draws: Draws): void {
  const bottom = slice.body.v + slice.half.b + 0.2;
  if (draws.chance(0.75)) for (const shell of tableOf(bottom, draws)) canvas.paint(shell, draws.between(-500, 100));
  const breasts = draws.chance(0.3)
    ? pair(ellipse(0.42, -slice.half.b - 0.12, draws.between(0.2, 0.32), draws.between(0.12, 0.26), 0.2))
    : [];
  const body = canvas.fixed(union(slice.body, ...breasts));
  canvas.paint(body, tissues.fat);
  canvas.paint(rim(body, 0.012), tissues.muscle, 0.7);
  for (const breast of breasts) canvas.paint(rough(grown(breast, -0.07), waves.short, 0.03), tissues.muscle, draws.between(0.1, 0.7));
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
  for (const bone of [...ribsOf(slice, draws), ...platesOf(slice, draws)]) {
    canvas.paint(bone, tissues.bone);
    canvas.paint(grown(bone, -0.009), tissues.marrow);
  }
}

function paintLungs(canvas: Canvas, slice: ChestSlice, tissues: Tissues, uneven: Float32Array, draws: Draws): void {
  const texture = uneven.map((value) => tissues.lung + 18 * value);
  const width = draws.between(0.014, 0.026);
  for (const [lung, side] of [[slice.leftLung, 1] as const, [slice.rightLung, -1] as const]) {
    canvas.paint(lung, texture);
    for (const vessel of vesselsOf(side, slice.half, width, draws)) canvas.paint(within(vessel, lung), Math.min(tissues.blood, 120), 0.9);
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

/** Densities as scanned and windowed. */
function scan(canvas: Canvas, name: string, seed: number, draws: Draws): GrayImage {
  const { levels, size } = canvas;
  const scale = size / 256;
  blur(levels, size, draws.between(0.3, 0.8) * scale);
  addNoise(levels, draws.between(8, 60), `${name}/noise`, seed);
  const smooth = draws.between(0, 0.7);
  blur(levels, size, smooth * scale);
  const [low, high] = windowOf(draws);
  if (low < -900 && draws.chance(0.25)) maskCircle(levels, size, low);
  return display(levels, size, low, high);
}

function windowOf(draws: Draws): readonly [low: number, high: number] {
  const kind = draws.uniform();
  if (kind < 0.35) return [draws.between(-1400, -1150), draws.between(50, 250)]; // lung
  if (kind < 0.62) return [draws.between(-200, -100), draws.between(180, 320)]; // mediastinum
  return [draws.between(-1150, -900), draws.between(1000, 3100)]; // all that the scanner measures
}

/** Nothing is measured outside the scanner's round field of view. */
function maskCircle(levels: Float32Array, size: number, level: number): void {
  for (let i = 0, y = 0; y < size; y++) {
    for (let x = 0; x < size; x++, i++) {
      if ((x + 0.5 - size / 2) ** 2 + (y + 0.5 - size / 2) ** 2 > (size / 2) ** 2) levels[i] = level;
    }
  }
}
