import type { Mask } from "../image/index.ts";
import { smoothField } from "../tensor/smooth-field.ts";
import { axialLevels, axialSlice } from "./_brain-axial.ts";
import { coronalLevels, coronalSlice } from "./_brain-coronal.ts";
import { sagittalLevels, sagittalSlice } from "./_brain-sagittal.ts";
import type { BrainSlice, Tissue } from "./_brain-slice.ts";
import { type Borders, growTumour, type Tumour, type TumourKind } from "./_brain-tumour.ts";
import { Canvas } from "./_canvas.ts";
import { Draws } from "./_draws.ts";
import { difference, either, intersection, isVisible } from "./_masks.ts";
import { addRicianNoise, blur, display } from "./_scanner.ts";
import { grown, nothing, rim, rough, type Shape, union, within, without } from "./_shapes.ts";
import type { Phantom, Structure, StructureFacts } from "./phantom.ts";

/**
 * A slice of T1-weighted MRI of a head after contrast agent, of a synthetic patient: axial, coronal or sagittal, with a meningioma, a glioma, a
 * tumour of the pituitary gland, or none (one in four).
 *
 * Structures: `brain` (all tissue inside the skull, ventricles and tumour included), `ventricles`, `skull` (scalp and bone round the brain),
 * `tumor` (facts: kind, side where the slice has sides, size, site).
 *
 * @param name - of its random stream, such as "phantom/brain-mri/17"; the same name, seed and size give the same bytes
 * @param size - S, pixels in a side
 */
export function brainMri(name: string, seed: number, size: number): Phantom {
  const draws = new Draws(name, seed);
  const kind = draws.chance(0.25) ? undefined : draws.pick(["meningioma", "glioma", "pituitary"] as const);
  const anatomy = sliceFor(kind, draws.of("slice"));
  const canvas = canvasFor(anatomy, size, draws.of("view"));
  const field = (part: string, length: number): Float32Array => smoothField(`${name}/${part}`, seed, size, (size * canvas.pixel) / length);
  canvas.bend(field("bend-u", 0.7), field("bend-v", 0.7), draws.between(0.008, 0.028));

  const slice = { ...anatomy, cavity: canvas.fixed(anatomy.cavity, 0.2), brain: canvas.fixed(anatomy.brain) };
  const borders: Borders = { wavy: field("wavy", 0.22), ragged: field("ragged", 0.07) };
  const tumour = kind && growTumour(kind, anatomy, borders, draws.of("tumour"));
  const tissues = tissuesOf(draws.of("tissues"));
  const bare = slice.face === undefined && draws.chance(0.12); // the skull removed, as data sets for training often have it
  const found = new Map<string, Structure>();
  const find = (structure: string, mask: Mask, facts: StructureFacts = {}): void => {
    if (isVisible(mask, structure === "brain" || structure === "skull" ? "organ" : "detail")) found.set(structure, { mask, facts });
  };

  let skull = canvas.mask(bare ? nothing : paintHead(canvas, slice, tissues, field("scalp", 0.3), draws.of("head")));
  paintMatter(canvas, slice, tissues, field("folds", draws.between(0.075, 0.125)), field("matter", 0.12), draws.of("folds"));

  let brain = canvas.mask(slice.brain);
  const inner = tumour && tumour.radius > 0.1 ? press(canvas, slice, tumour, draws.of("pressure")) : canvas;
  for (const [shape, tissue, opacity] of slice.inside)
    inner.paint(within(shape, bare ? slice.brain : slice.cavity), tissues[tissue], opacity);
  let ventricles = intersection(inner.mask(union(nothing, ...slice.ventricles)), brain);
  for (const shape of slice.ventricles) inner.paint(within(shape, slice.brain), tissues.fluid);
  if (tumour) {
    paintTumour(canvas, tumour, slice, tissues, field("uptake", 0.05));
    const mask = canvas.mask(tumour.outline);
    find("tumor", mask, tumour.facts);
    ventricles = difference(ventricles, mask);
    brain = either(brain, mask);
    skull = difference(skull, mask);
  }
  find("brain", brain);
  find("skull", skull);
  find("ventricles", ventricles);
  scan(canvas, name, seed, draws.of("scanner"));
  return { modality: "brain-mri", image: display(canvas.levels, size, 0, 1), structures: found };
}

/** A plane and a level in which such a tumour can be seen. */
function sliceFor(kind: TumourKind | undefined, draws: Draws): BrainSlice {
  const plane = draws.uniform();
  const atSella = kind === "pituitary";
  if (plane < 0.6) return axialSlice(atSella ? "sella" : draws.pick(axialLevels), draws);
  if (plane < 0.83) return coronalSlice(atSella ? "sella" : draws.pick(coronalLevels), draws);
  return sagittalSlice(atSella ? "midline" : draws.pick(sagittalLevels), draws);
}

/** Most pictures hold the whole head with more or less air round it; some a part of it. */
function canvasFor(slice: BrainSlice, size: number, draws: Draws): Canvas {
  const close = draws.chance(0.15);
  const extent = slice.extent * (close ? draws.between(0.55, 0.8) : draws.between(0.86, 1.4));
  const play = close ? 0.28 : 0.08;
  const u = draws.between(-play, play);
  const v = slice.middle + draws.between(-play, play) - (close && slice.face ? 0.2 : 0);
  return new Canvas(size, { turn: 0.1 * draws.normal(), extent, u, v });
}

type Tissues = Readonly<Record<Tissue, number>>;

/** Intensities as scanners and sequences vary them. */
function tissuesOf(draws: Draws): Tissues {
  const gain = draws.between(0.42, 0.95);
  const white = gain * draws.between(0.5, 0.62);
  const enhanced = Math.min(1, white + draws.between(0.28, 0.5));
  return {
    air: 0.01,
    bone: draws.between(0.03, 0.1),
    marrow: gain * draws.between(0.3, 0.7),
    fat: draws.between(0.5, 0.95),
    muscle: gain * draws.between(0.3, 0.5),
    fluid: white * draws.between(0.15, 0.42),
    grey: white * draws.between(0.72, 0.95),
    white,
    enhanced,
  };
}

/** Scalp, face and bone; returns the ring of scalp and bone round the brain. */
function paintHead(canvas: Canvas, slice: BrainSlice, tissues: Tissues, uneven: Float32Array, draws: Draws): Shape {
  const bone = draws.between(0.022, 0.055);
  const scalp = draws.between(0.03, 0.085);
  const skull = rough(grown(slice.cavity, bone), uneven, 0.006);
  const round = rough(grown(slice.cavity, bone + scalp), uneven, 0.012);
  const head = slice.face ? canvas.fixed(union(round, slice.face)) : round;
  canvas.paint(head, tissues.muscle);
  canvas.paint(
    grown(head, -0.012),
    uneven.map((value) => tissues.fat * (1 + 0.18 * value)),
  );
  for (const [shape, tissue, opacity] of slice.outside) canvas.paint(within(shape, grown(head, -0.04)), tissues[tissue], opacity);
  canvas.paint(skull, tissues.bone);
  canvas.paint(rim(grown(slice.cavity, 0.72 * bone), 0.5 * bone), tissues.marrow, draws.between(0, 0.8));
  canvas.paint(slice.cavity, tissues.fluid);
  const ring = without(round, slice.cavity);
  return slice.face ? union(without(skull, slice.cavity), without(ring, grown(slice.face, -scalp))) : ring;
}

/** White matter, the cortex that covers it, and the furrows that fold both. */
function paintMatter(canvas: Canvas, slice: BrainSlice, tissues: Tissues, folds: Float32Array, matter: Float32Array, draws: Draws): void {
  const depths = canvas.depths(slice.brain);
  const reach = draws.between(0.2, 0.45);
  const width = draws.between(0.12, 0.4);
  const { fluid, grey, white } = tissues;
  const levels = depths.map((depth, i) => {
    const nearness = Math.max(0, 1 - depth / reach);
    // Furrows follow the zero lines of a smooth field and fade with depth; the cortex is a ribbon along them and along the surface.
    const fromFurrow = (Math.abs(folds[i]!) - width * nearness) / 0.45 + 1.6 * (1 - nearness);
    const ribbon = Math.min(depth / 0.05, fromFurrow);
    const level =
      ribbon < 0.3
        ? fluid + (grey - fluid) * Math.max(0, ribbon / 0.3)
        : grey + (white - grey) * Math.min(1, Math.max(0, (ribbon - 0.8) / 0.6));
    return level * (1 + 0.02 * matter[i]!);
  });
  canvas.paint(slice.brain, levels);
}

/** What lies beside a large tumour gives way, the skull does not. */
function press(canvas: Canvas, slice: BrainSlice, tumour: Tumour, draws: Draws): Canvas {
  const give = canvas.depths(slice.brain, 0).map((depth) => Math.min(1, depth / 0.15));
  return canvas.pressed(tumour, 1.8 * tumour.radius, draws.between(0.1, 0.45), give);
}

function paintTumour(canvas: Canvas, tumour: Tumour, slice: BrainSlice, tissues: Tissues, uneven: Float32Array): void {
  const { white, fluid, enhanced } = tissues;
  if (tumour.oedema) canvas.paint(within(tumour.oedema, slice.brain), white + 0.45 * (fluid - white), 0.75);
  const level = white + tumour.uptake * (enhanced - white);
  canvas.paint(
    within(tumour.outline, slice.cavity),
    uneven.map((value) => level * (1 + tumour.unevenness * value)),
  );
  if (tumour.core)
    canvas.paint(
      within(tumour.core, tumour.outline),
      uneven.map((value) => fluid + 0.35 * (white - fluid) + 0.05 * value * white),
    );
}

/** Shading of the coil, the resolution of the scanner and its noise. */
function scan(canvas: Canvas, name: string, seed: number, draws: Draws): void {
  const { levels, size } = canvas;
  const shading = smoothField(`${name}/shading`, seed, size, 1.5);
  const strength = draws.between(0.02, 0.14);
  for (let i = 0; i < levels.length; i++) levels[i]! *= 1 + strength * shading[i]!;
  blur(levels, size, (draws.between(0.35, 1.1) * size) / 256);
  addRicianNoise(levels, 0.006 + 0.035 * draws.uniform() ** 2, `${name}/noise`, seed);
}
