import { type Mask, type MaskStack, overlap } from "../image/index.ts";
import type { VoxelSpacing } from "./_surface-areas.ts";
import { type EvaluationOptions, type ImageScores, scoresWith, scoresWithout } from "./evaluate.ts";
import { volumeSurface } from "./volume-surface.ts";

/** A predicted mask of a volume with its ground truth, on one grid. */
export interface VolumePair {
  readonly name: string;
  readonly truth: MaskStack;
  readonly prediction?: MaskStack | undefined;
  /** Millimetres between [slices, rows, columns]. */
  readonly spacing: VoxelSpacing;
  /** Why a prediction that is there counts as missing. */
  readonly reason?: string | undefined;
  readonly warnings?: readonly string[] | undefined;
}

/**
 * The scores of a pair of volumes, under the names of `scoresOf`: overlaps count voxels, distances are those of surfaces in millimetres, and the
 * penalty for a mask that is empty or missing is the diagonal of the volume.
 *
 * @param options.tolerance - of `surfaceNsd`, in millimetres; `nsd` is that of the released code for volumes, 2 voxels
 * @throws ShapeError when the sizes differ
 */
export function volumeScoresOf(pair: VolumePair, { tolerance = 2 }: Pick<EvaluationOptions, "tolerance"> = {}): ImageScores {
  const { truth, prediction, spacing, warnings = [] } = pair;
  const diagonal = Math.hypot(truth.slices * spacing[0], truth.rows * spacing[1], truth.columns * spacing[2]);
  const voxelMm3 = spacing[0] * spacing[1] * spacing[2];
  const about = (truthPx: number, predPx: number) => {
    const measures = { volume: true, spacing, truthMm3: truthPx * voxelMm3, predMm3: predPx * voxelMm3 } as const;
    return { name: pair.name, reason: pair.reason, measures, warnings };
  };
  if (!prediction) {
    const { truthPx } = overlap(asPicture(truth), asPicture(truth));
    return scoresWithout(about(truthPx, 0), truthPx, diagonal);
  }
  const { publishedNsd, ...surface } = volumeSurface(prediction, truth, { spacing, toleranceMm: tolerance });
  const shared = overlap(asPicture(prediction), asPicture(truth));
  return scoresWith(about(shared.truthPx, shared.maskPx), { shared, nsd: publishedNsd, surface, diagonal });
}

/** The slices below one another, where only the number of voxels counts. */
const asPicture = ({ slices, rows, columns, data }: MaskStack): Mask => ({ width: columns, height: slices * rows, data });
