import type { Mask } from "../image/index.ts";
import { smoothField } from "../tensor/smooth-field.ts";
import { axialLevels, axialSlice } from "./_brain-axial.ts";
import { coronalLevels, coronalSlice } from "./_brain-coronal.ts";
import { paintHead, paintMatter, paintTumour, press, tissuesOf } from "./_brain-paint.ts";
import { sagittalLevels, sagittalSlice } from "./_brain-sagittal.ts";
import type { BrainSlice } from "./_brain-slice.ts";
import { type Borders, growTumour, type TumourKind } from "./_brain-tumour.ts";
import { Canvas } from "./_canvas.ts";
import { Draws } from "./_draws.ts";
import { difference, either, intersection, isVisible } from "./_masks.ts";
import { addRicianNoise, blur, display } from "./_scanner.ts";
import { nothing, union, within } from "./_shapes.ts";
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

/** Shading of the coil, the resolution of the scanner and its noise. */
function scan(canvas: Canvas, name: string, seed: number, draws: Draws): void {
  const { levels, size } = canvas;
  const shading = smoothField(`${name}/shading`, seed, size, 1.5);
  const strength = draws.between(0.02, 0.14);
  for (let i = 0; i < levels.length; i++) levels[i]! *= 1 + strength * shading[i]!;
  blur(levels, size, (draws.between(0.35, 1.1) * size) / 256);
  addRicianNoise(levels, 0.006 + 0.035 * draws.uniform() ** 2, `${name}/noise`, seed);
}
