import type { BrainSlice, Tissue } from "./_brain-slice.ts";
import type { Tumour } from "./_brain-tumour.ts";
import type { Canvas } from "./_canvas.ts";
import type { Draws } from "./_draws.ts";
import { grown, rim, rough, type Shape, union, within, without } from "./_shapes.ts";

/** Intensities by tissue. */
export type Tissues = Readonly<Record<Tissue, number>>;

/** Intensities as scanners and sequences vary them. */
export function tissuesOf(draws: Draws): Tissues {
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
export function paintHead(canvas: Canvas, slice: BrainSlice, tissues: Tissues, uneven: Float32Array, draws: Draws): Shape {
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
export function paintMatter(
  canvas: Canvas,
  slice: BrainSlice,
  tissues: Tissues,
  folds: Float32Array,
  matter: Float32Array,
  draws: Draws,
): void {
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

/** What lies beside a large tumour gives way, the skull does not. @param share - of its pressure, at most 1 */
export function press(canvas: Canvas, slice: BrainSlice, tumour: Tumour, draws: Draws, share = 1): Canvas {
  const give = canvas.depths(slice.brain, 0).map((depth) => Math.min(1, depth / 0.15));
  return canvas.pressed(tumour, 1.8 * tumour.radius, share * draws.between(0.1, 0.45), give);
}

export function paintTumour(canvas: Canvas, tumour: Tumour, slice: BrainSlice, tissues: Tissues, uneven: Float32Array): void {
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
