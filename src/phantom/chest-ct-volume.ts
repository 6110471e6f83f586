import type { Mask } from "../image/index.ts";
import { smoothField } from "../tensor/smooth-field.ts";
import { capOf, drawnOnce, FieldOfSlices, nearestSlice } from "./_between-slices.ts";
import { Canvas } from "./_canvas.ts";
import { platesOf, ribAt } from "./_chest-bones.ts";
import { chestAnchors, chestAt, eachShape } from "./_chest-heights.ts";
import type { ChestSlice, Waves } from "./_chest-level.ts";
import { paintChest, tissuesOf } from "./_chest-paint.ts";
import { Draws } from "./_draws.ts";
import { growNodule } from "./_lung-nodule.ts";
import { vesselsOf } from "./_lung-vessels.ts";
import { difference } from "./_masks.ts";
import { addNoise, blur } from "./_scanner.ts";
import { grown, nothing, type Shape, union, within } from "./_shapes.ts";
import { StructureStacks } from "./_stacks.ts";
import type { PhantomVolume, VolumeSize } from "./phantom-volume.ts";

/** Height of the chest from the top of the lungs to below the diaphragm, in units of anatomy: 29 cm of a chest 36 cm wide. */
const height = 1.5;

/**
 * A chest CT of one synthetic patient in Hounsfield units, from below the diaphragm to above the lungs: the levels of `chestCt` and what lies between
 * them. In three of four a nodule or mass in one lung, a ball with a rough border.
 *
 * Structures: as `chestCt`.
 */
export function chestCtVolume(name: string, seed: number, { size, slices }: VolumeSize): PhantomVolume {
  const draws = new Draws(name, seed);
  const view = draws.of("view");
  const canvas = new Canvas(size, {
    turn: 0.04 * view.normal(),
    extent: view.between(1.05, 1.25),
    u: view.between(-0.05, 0.05),
    v: view.between(-0.03, 0.08),
  });
  const mmPerUnit = view.between(172, 200);
  const field = (part: string, length: number): Float32Array => smoothField(`${name}/${part}`, seed, size, (size * canvas.pixel) / length);
  canvas.bend(field("bend-u", 0.6), field("bend-v", 0.6), draws.between(0.008, 0.022));
  const waves: Waves = { long: field("long", 0.2), short: field("short", 0.06) };
  const anchors = chestAnchors(waves, () => draws.of("slice"));
  const drawn = anchors.map((anchor) => ({ ...anchor, slice: eachShape(anchor.slice, (shape) => drawnOnce(canvas, shape)) }));

  const deepest = Math.max(...anchors.map(({ slice }) => slice.body.v + slice.half.b));

  const ofNodule = draws.of("nodule");
  const noduleAt = nearestSlice(ofNodule.between(0.2, 0.78), slices, 1);
  const nodule = ofNodule.chance(0.8) ? growNodule(chestAt(noduleAt, anchors), waves, ofNodule) : undefined;
  const noduleLevel = ofNodule.chance(0.1) ? 280 : ofNodule.between(-60, 70);
  const tissues = tissuesOf(draws.of("tissues"));
  const texture = new FieldOfSlices(`${name}/lung`, seed, size, (size * canvas.pixel) / 0.3, 0.3);
  const scanner = scannerOf(draws.of("scanner"), size);
  const data = new Int16Array(slices * size * size);
  const found = new StructureStacks(slices);

  for (let k = 0; k < slices; k++) {
    const at = 1 - (k + 0.5) / slices; // slices from feet to head, heights from the top
    const slice = chestAt(at, drawn);
    const analytic = chestAt(at, anchors);
    canvas.levels.fill(-1000);
    const parts = {
      bones: () => [...ribsAt(at, analytic, draws.of("ribs")), ...platesOf(analytic, draws.of("plates"))],
      vessels: (side: 1 | -1, width: number) => vesselsAt(at, side, analytic, width, draws),
      table: deepest,
      breasts: Math.max(0, 1 - ((at - 0.55) / 0.25) ** 2),
    };
    const spine = paintChest(canvas, slice, tissues, waves, texture.at(at * height), parts, draws);
    if (nodule) {
      const cap = capOf(nodule.radius, (at - noduleAt) * height);
      const outline = within(grown(nodule.outline, -cap), grown(slice.cavity, -0.002));
      if (cap < Number.POSITIVE_INFINITY) {
        canvas.paint(
          outline,
          waves.short.map((value) => noduleLevel + 25 * value),
        );
        found.add("nodule", k, canvas.mask(outline), nodule.facts);
      }
    }
    addOrgans(found, k, canvas, slice, spine);
    scanner(canvas.levels, `${name}/noise/${k}`, seed);
    data.set(canvas.levels.map(toHounsfield), k * size * size);
  }
  const pixelMm = canvas.pixel * mmPerUnit;
  return { modality: "chest-ct", size, slices, data, spacing: [(height * mmPerUnit) / slices, pixelMm, pixelMm], structures: found.all() };
}

function addOrgans(found: StructureStacks, k: number, canvas: Canvas, slice: ChestSlice, spine: Mask): void {
  const airways = canvas.mask(union(nothing, ...slice.airways));
  const aorta = canvas.mask(union(nothing, ...slice.aorta));
  found.add("left_lung", k, difference(canvas.mask(slice.leftLung), airways));
  found.add("right_lung", k, difference(canvas.mask(slice.rightLung), airways));
  if (slice.heart) found.add("heart", k, difference(canvas.mask(slice.heart), aorta));
  found.add("aorta", k, difference(aorta, spine));
  found.add("spine", k, spine);
}

/** Ribs slope from the back down to the front, so that a slice meets each at another place of its way. */
function ribsAt(at: number, slice: ChestSlice, draws: Draws): readonly Shape[] {
  const [apart, drop, first] = [draws.between(0.085, 0.1), draws.between(0.28, 0.36), draws.between(-0.3, -0.2)];
  const [length, thickness] = [draws.between(0.05, 0.075), draws.between(0.017, 0.023)];
  return [1, -1].flatMap((side) =>
    Array.from({ length: 14 }, (_, rib) => (at - first - apart * rib) / drop)
      .filter((way) => way > 0 && way < 1)
      .map((way) => ribAt(slice, side, 1.3 - 2.6 * way, length, thickness)),
  );
}

/** Heights between sets of vessels, and how far one reaches. */
const vesselSets = 0.07;

/** Vessels of one lung: trees at even heights, which thin out above and below. */
function vesselsAt(at: number, side: 1 | -1, { half }: ChestSlice, width: number, draws: Draws): readonly Shape[] {
  const nearest = Math.floor(at / vesselSets);
  return [nearest, nearest + 1].flatMap((set) => {
    const away = at / vesselSets - set;
    const thinner = 1.6 * width * away * away;
    return vesselsOf(side, half, width, draws.of(`vessels/${side}/${set}`)).map((vessel) => grown(vessel, -thinner));
  });
}

/** The resolution of the scanner and its noise, the same for all slices. */
function scannerOf(draws: Draws, size: number): (levels: Float32Array, name: string, seed: number) => void {
  const scale = size / 256;
  const [sharp, sigma, smooth] = [draws.between(0.3, 0.8), draws.between(8, 40), draws.between(0, 0.7)];
  return (levels, name, seed) => {
    blur(levels, size, sharp * scale);
    addNoise(levels, sigma, name, seed);
    blur(levels, size, smooth * scale);
  };
}

/** The range of 12 bits that scanners store. */
const toHounsfield = (level: number): number => Math.round(Math.min(3071, Math.max(-1024, level)));
