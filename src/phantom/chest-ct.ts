import type { GrayImage, Mask } from "../image/index.ts";
import { smoothField } from "../tensor/smooth-field.ts";
import { Canvas } from "./_canvas.ts";
import { platesOf, ribsOf } from "./_chest-bones.ts";
import { chestLevels, chestSlice, type Waves } from "./_chest-level.ts";
import { paintChest, tissuesOf } from "./_chest-paint.ts";
import { Draws } from "./_draws.ts";
import { growNodule } from "./_lung-nodule.ts";
import { vesselsOf } from "./_lung-vessels.ts";
import { areaOf, difference, intersection, isVisible } from "./_masks.ts";
import { addNoise, blur, display } from "./_scanner.ts";
import { nothing, union } from "./_shapes.ts";
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

  const spine = paintChest(
    canvas,
    slice,
    tissues,
    waves,
    field("lung", 0.3),
    {
      bones: (draws) => [...ribsOf(slice, draws), ...platesOf(slice, draws)],
      vessels: (side, width, draws) => vesselsOf(side, slice.half, width, draws),
      table: slice.body.v + slice.half.b,
      breasts: 1,
    },
    draws,
  );

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
