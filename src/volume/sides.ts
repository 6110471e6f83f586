import { mirrorWords, sidesIn } from "../augment/index.ts";
import type { MaskStack } from "../image/index.ts";
import { stackComponents } from "./components.ts";
import { centreOf } from "./measures.ts";
import { placeOf, type VoxelToMm } from "./voxel-to-mm.ts";

/** A side of the patient, not of the picture. */
export type PatientSide = "left" | "right";

/** A target with its mask in a volume; a picture is a volume of one slice. */
export interface SidedTarget {
  /** For the message. */
  readonly name: string;
  /** Its text prompts. */
  readonly sentences: readonly string[];
  readonly stack: MaskStack;
}

/** What a side is judged by. */
export interface SideReference {
  /** From column, row and slice to millimetres towards the patient's left, posterior and superior (LPS). */
  readonly affine: VoxelToMm;
  /** The other targets of the run, in the same volume. */
  readonly others?: readonly SidedTarget[];
  /** Where the body reaches from right to left, in millimetres (see `extentFromRightToLeft`), if it is known. */
  readonly bodyMm?: readonly [right: number, left: number] | undefined;
}

/** Share of the width to each side of the midline in which a centroid is on neither side: the aorta, a heart, a patient who lies off centre. */
const nearMidline = 0.05;

/**
 * The side that a target's words name: its name and text prompts ("left_lung", "the lung on the left side"), if they name one alone. Chambers and
 * vessels of the heart have none, as their names say which they are and not where they lie.
 */
export function sideNamed({ name, sentences }: Pick<SidedTarget, "name" | "sentences">): PatientSide | undefined {
  const sides = new Set([name, ...sentences].flatMap((text) => [...sidesIn(text)]));
  return sides.size === 1 ? [...sides][0] : undefined;
}

/**
 * A warning where a target whose words name a side of the patient lies on the other one; undefined where it does not, where no side is named, or
 * the mask is empty. The mask itself is never changed: situs inversus, a shifted mediastinum and a wrong header are seen by people alone.
 *
 * The centroid is compared with the first of these that is there:
 *   1. the target of the same words for the other side ("right lung" for "left lung"): the left one must lie farther to the left
 *   2. the middle of the body
 *   3. the middle of the image
 * Closer than 5 % of the width to the midline counts as neither side.
 */
export function sideMismatch(target: SidedTarget, { affine, others = [], bodyMm }: SideReference): string | undefined {
  const side = sideNamed(target);
  const place = side && leftOf(target.stack, affine);
  if (side === undefined || place === undefined) return undefined;
  const image = extentOfGrid(target.stack, affine);
  const margin = nearMidline * ((bodyMm ?? image)[1] - (bodyMm ?? image)[0]);
  const lies = (offset: number): PatientSide | undefined => (Math.abs(offset) <= margin ? undefined : offset > 0 ? "left" : "right");
  const wrong = (found: PatientSide | undefined): boolean => found !== undefined && found !== side;
  const where = (reference: string): string =>
    `"${target.name}" names the patient's ${side} side, but its mask lies to the ${side === "left" ? "right" : "left"} of ${reference}; look whether the orientation of the image or the mask is wrong`;

  const counterpart = others.find((other) => sideNamed(other) === opposite[side] && isMirrored(target, other));
  const otherPlace = counterpart && leftOf(counterpart.stack, affine);
  if (otherPlace !== undefined) return wrong(lies(place - otherPlace)) ? where(`that of "${counterpart!.name}"`) : undefined;
  const [right, left] = bodyMm ?? image;
  return wrong(lies(place - (right + left) / 2)) ? where(bodyMm ? "the body's midline" : "the image's middle") : undefined;
}

/** A mask parted by the sides of the patient on which its components lie, by their centroids. */
export interface SplitSides {
  readonly left: MaskStack;
  readonly right: MaskStack;
}

/**
 * Parts a mask of both sides ("the lungs") into left and right, each 26-connected component as a whole. A component across the midline, such as two
 * lungs that touch, goes to the side of its centroid: nothing is cut.
 *
 * @param midlineMm - where the halves meet, in millimetres to the patient's left; default: the middle of the image
 */
export function splitSides(stack: MaskStack, affine: VoxelToMm, midlineMm = middleOf(extentOfGrid(stack, affine))): SplitSides {
  const found = stackComponents(stack);
  const isLeft = found.components.map(({ centroid }) => placeOf(affine, ...centroid)[0] > midlineMm);
  return {
    left: found.maskOf(found.components.filter((_, i) => isLeft[i]!)),
    right: found.maskOf(found.components.filter((_, i) => !isLeft[i]!)),
  };
}

/** How far the voxels of a mask reach from the patient's right to the left, in millimetres; undefined for an empty one. */
export function extentFromRightToLeft(stack: MaskStack, affine: VoxelToMm): readonly [right: number, left: number] | undefined {
  const { slices, rows, columns, data } = stack;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let slice = 0, i = 0; slice < slices; slice++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        if (data[i] === 0) continue;
        const [left] = placeOf(affine, column, row, slice);
        if (left < low) low = left;
        if (left > high) high = left;
      }
    }
  }
  return low <= high ? [low, high] : undefined;
}

const opposite: Readonly<Record<PatientSide, PatientSide>> = { left: "right", right: "left" };

/** Whether the words of one target are those of the other, mirrored: its name, or one of its text prompts. */
function isMirrored(target: SidedTarget, other: SidedTarget): boolean {
  const lower = (texts: readonly string[]) => texts.map((text) => text.toLowerCase());
  const theirs = new Set(lower([other.name, ...other.sentences]));
  return lower([target.name, ...target.sentences].map(mirrorWords)).some((text) => theirs.has(text));
}

/** Millimetres to the patient's left of a mask's centroid. */
function leftOf(stack: MaskStack, affine: VoxelToMm): number | undefined {
  const { centroid } = centreOf(stack);
  return centroid && placeOf(affine, ...centroid)[0];
}

/** From the outermost voxels on the patient's right to those on the left. */
function extentOfGrid({ slices, rows, columns }: MaskStack, affine: VoxelToMm): readonly [right: number, left: number] {
  const ends = (length: number) => [0, length - 1];
  const places = ends(columns).flatMap((x) => ends(rows).flatMap((y) => ends(slices).map((z) => placeOf(affine, x, y, z)[0])));
  return [Math.min(...places), Math.max(...places)];
}

const middleOf = ([low, high]: readonly [number, number]): number => (low + high) / 2;
