import { components, dscOf, type Mask, overlap } from "../image/index.ts";

/** A pseudo-label with what else is known of it. All masks have the size of the image. */
export interface PseudoLabel {
  readonly name: string;
  readonly mask: Mask;
  /** Masks of several seeds or wordings, of which `mask` is one or was made. */
  readonly members?: readonly Mask[] | undefined;
  /** Masks that SAM gives for the prompt of `mask` with a little noise on the image embedding. */
  readonly perturbed?: readonly Mask[] | undefined;
  /** The IoU that SAM predicts; above 1 and below 0 are possible. */
  readonly predictedIou?: number | undefined;
}

/** Sides of an image. */
const sides = ["top", "right", "bottom", "left"] as const;
export type Side = (typeof sides)[number];

/**
 * What the gate knows of a pseudo-label: plain numbers, small enough to keep for each of many images and to write as JSON, while the masks go.
 * No ground truth is needed. Null: not measured.
 */
export interface LabelFacts {
  readonly name: string;
  /** Mean pairwise DSC of the members. */
  readonly agreement: number | null;
  readonly memberCount: number;
  /** Mean DSC of the mask with the perturbed ones. */
  readonly stability: number | null;
  readonly perturbedCount: number;
  readonly predictedIou: number | null;
  /** Share of the image that is foreground. */
  readonly areaFraction: number;
  /** Areas of the 8-connected parts, largest first. */
  readonly partAreasPx: readonly number[];
  /** Share of the image's border pixels that are foreground. */
  readonly borderShare: number;
  /** The sides that the mask touches. */
  readonly touches: readonly Side[];
}

/** Measures a pseudo-label. @throws ShapeError when its masks differ in size */
export function labelFacts({ name, mask, members = [], perturbed = [], predictedIou }: PseudoLabel): LabelFacts {
  const partAreasPx = components(mask)
    .components.map(({ areaPx }) => areaPx)
    .sort((a, b) => b - a);
  return {
    name,
    agreement: meanPairwiseDsc(members),
    memberCount: members.length,
    stability: perturbed.length === 0 ? null : mean(perturbed.map((other) => dscOf(overlap(other, mask)))),
    perturbedCount: perturbed.length,
    predictedIou: predictedIou === undefined || Number.isNaN(predictedIou) ? null : predictedIou,
    areaFraction: sum(partAreasPx) / (mask.width * mask.height),
    partAreasPx,
    ...borderContact(mask),
  };
}

/**
 * Mean DSC over all pairs of masks; two empty masks agree.
 *
 * @returns null for fewer than two
 * @throws ShapeError when the sizes differ
 * @see Roy et al. 2019, arXiv:1811.09800
 */
export function meanPairwiseDsc(masks: readonly Mask[]): number | null {
  if (masks.length < 2) return null;
  return mean(masks.flatMap((mask, i) => masks.slice(i + 1).map((other) => dscOf(overlap(mask, other)))));
}

function borderContact({ width, height, data }: Mask): Pick<LabelFacts, "borderShare" | "touches"> {
  const at = (x: number, y: number): number => (data[y * width + x]! > 0 ? 1 : 0);
  let [inside, total] = [0, 0];
  const touched = { top: false, right: false, bottom: false, left: false };
  for (let y = 0; y < height; y++) {
    const isEdgeRow = y === 0 || y === height - 1;
    for (let x = 0; x < width; x += isEdgeRow ? 1 : Math.max(1, width - 1)) {
      total++;
      if (at(x, y) === 0) continue;
      inside++;
      if (y === 0) touched.top = true;
      if (x === width - 1) touched.right = true;
      if (y === height - 1) touched.bottom = true;
      if (x === 0) touched.left = true;
    }
  }
  return { borderShare: inside / total, touches: sides.filter((side) => touched[side]) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
