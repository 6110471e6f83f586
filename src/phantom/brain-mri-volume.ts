import { smoothField } from "../tensor/smooth-field.ts";
import { capOf, drawnOnce, FieldOfSlices, nearestSlice } from "./_between-slices.ts";
import { type BrainAnchor, brainAnchors, brainAt, eachBorder } from "./_brain-heights.ts";
import { paintHead, paintMatter, paintTumour, press, tissuesOf } from "./_brain-paint.ts";
import { type Borders, growTumour, type Tumour, type TumourKind } from "./_brain-tumour.ts";
import { Canvas } from "./_canvas.ts";
import { Draws } from "./_draws.ts";
import { difference, either, intersection } from "./_masks.ts";
import { addRicianNoise, blur } from "./_scanner.ts";
import { grown, nothing, type Shape, union, within } from "./_shapes.ts";
import { StructureStacks } from "./_stacks.ts";
import type { PhantomVolume, VolumeSize } from "./phantom-volume.ts";

/** Height of the slices from above the head to below the sella, in units of anatomy: 14 cm of a head 20 cm long. */
const height = 1.4;

/** The height 1 of the levels is that of the sella; the lowest slice lies below it. */
const lowest = 1.1;

/** The intensity of 1 in the file. */
const fullIntensity = 1000;

/**
 * An axial T1-weighted MRI of the head of one synthetic patient after contrast agent, from below the sella to above the head: the axial levels of
 * `brainMri` and what lies between them. In three of four a tumour, a ball with a rough border.
 *
 * Structures: as `brainMri`.
 */
export function brainMriVolume(name: string, seed: number, { size, slices }: VolumeSize): PhantomVolume {
  const draws = new Draws(name, seed);
  const view = draws.of("view");
  const extent = 1.08 * view.between(1, 1.25);
  const canvas = new Canvas(size, { turn: 0.06 * view.normal(), extent, u: view.between(-0.05, 0.05), v: view.between(-0.05, 0.05) });
  const mmPerUnit = view.between(92, 104);
  const cells = (length: number): number => (size * canvas.pixel) / length;
  const field = (part: string, length: number): Float32Array => smoothField(`${name}/${part}`, seed, size, cells(length));
  canvas.bend(field("bend-u", 0.7), field("bend-v", 0.7), draws.between(0.008, 0.028));
  const anchors = brainAnchors(() => draws.of("slice"));
  const drawn = anchors.map((anchor) => ({ ...anchor, slice: eachBorder(anchor.slice, (shape) => drawnOnce(canvas, shape)) }));
  const borders: Borders = { wavy: field("wavy", 0.22), ragged: field("ragged", 0.07) };
  const tumour = tumourIn(anchors, borders, slices, draws.of("tumour"));
  const tissues = tissuesOf(draws.of("tissues"));
  const foldLength = draws.between(0.075, 0.125);
  const [folds, matter] = [
    new FieldOfSlices(`${name}/folds`, seed, size, cells(foldLength), 2 * foldLength),
    new FieldOfSlices(`${name}/matter`, seed, size, cells(0.12), 0.12),
  ];
  const [scalp, uptake] = [field("scalp", 0.3), field("uptake", 0.05)];
  const scanner = scannerOf(name, seed, size, draws.of("scanner"));
  const data = new Int16Array(slices * size * size);
  const found = new StructureStacks(slices);

  for (let k = 0; k < slices; k++) {
    const at = lowest * (1 - (k + 0.5) / slices); // slices from feet to head, heights from the top
    const slice = brainAt(at, drawn);
    canvas.levels.fill(0);
    const here = tumour && atDistance(tumour, ((at - tumour.height) * height) / lowest);
    let skull = canvas.mask(paintHead(canvas, slice, tissues, scalp, draws.of("head")));
    paintMatter(canvas, slice, tissues, folds.at(at * height), matter.at(at * height), draws.of("folds"));
    let brain = canvas.mask(slice.brain);
    const inner = here && here.pressure > 0 ? press(canvas, slice, here.tumour, draws.of("pressure"), here.pressure) : canvas;
    for (const [shape, tissue, opacity] of slice.inside) inner.paint(within(shape, slice.cavity), tissues[tissue], opacity);
    let ventricles = intersection(inner.mask(union(nothing, ...slice.ventricles)), brain);
    for (const shape of slice.ventricles) inner.paint(within(shape, slice.brain), tissues.fluid);
    if (here) {
      const outline = within(here.tumour.outline, grown(slice.cavity, -0.004));
      paintTumour(canvas, { ...here.tumour, outline }, slice, tissues, uptake);
      const mask = canvas.mask(outline);
      found.add("tumor", k, mask, tumour.facts);
      ventricles = difference(ventricles, mask);
      brain = either(brain, mask);
      skull = difference(skull, mask);
    }
    found.add("brain", k, brain);
    found.add("skull", k, skull);
    found.add("ventricles", k, ventricles);
    scanner(canvas.levels, k);
    data.set(
      canvas.levels.map((level) => Math.round(Math.min(32767, fullIntensity * level))),
      k * size * size,
    );
  }
  const pixelMm = canvas.pixel * mmPerUnit;
  return { modality: "brain-mri", size, slices, data, spacing: [(height * mmPerUnit) / slices, pixelMm, pixelMm], structures: found.all() };
}

/** A tumour of a slice as a ball: where its middle lies. */
interface TumourBall extends Tumour {
  readonly height: number;
}

/** At a level in which such a tumour can be seen. */
function tumourIn(anchors: readonly BrainAnchor[], borders: Borders, slices: number, draws: Draws): TumourBall | undefined {
  if (draws.chance(0.25)) return undefined;
  const kind: TumourKind = draws.pick(["meningioma", "glioma", "pituitary"] as const);
  const level = kind === "pituitary" ? "sella" : draws.pick(["above-ventricles", "ventricles", "midbrain"] as const);
  const anchor = anchors.find((one) => one.level === level)!;
  return { ...growTumour(kind, anchor.slice, borders, draws), height: nearestSlice(anchor.height, slices, lowest) };
}

/** What a slice `distance` from its middle shows of a tumour, and how much of its pressure reaches there; nothing where it is out of reach. */
function atDistance(ball: TumourBall, distance: number): { readonly tumour: Tumour; readonly pressure: number } | undefined {
  const cap = capOf(ball.radius, distance);
  const wide = capOf(1.6 * ball.radius, distance);
  if (wide === Number.POSITIVE_INFINITY) return undefined;
  const cut = (shape: Shape | undefined, by: number): Shape | undefined =>
    shape && by < Number.POSITIVE_INFINITY ? grown(shape, -by) : undefined;
  const pressure = ball.radius > 0.1 ? Math.max(0, 1 - (distance / (1.6 * ball.radius)) ** 2) : 0;
  const tumour = { ...ball, outline: cut(ball.outline, cap) ?? nothing, oedema: cut(ball.oedema, wide), core: cut(ball.core, cap) };
  return { tumour, pressure };
}

/** Shading of the coil, the resolution of the scanner and its noise, the same for all slices. */
function scannerOf(name: string, seed: number, size: number, draws: Draws): (levels: Float32Array, slice: number) => void {
  const shading = smoothField(`${name}/shading`, seed, size, 1.5);
  const [strength, sharp, noise] = [draws.between(0.02, 0.14), draws.between(0.35, 1.1), 0.006 + 0.03 * draws.uniform() ** 2];
  return (levels, slice) => {
    for (let i = 0; i < levels.length; i++) levels[i]! *= 1 + strength * shading[i]!;
    blur(levels, size, (sharp * size) / 256);
    addRicianNoise(levels, noise, `${name}/noise/${slice}`, seed);
  };
}
