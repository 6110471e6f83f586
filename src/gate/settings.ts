import { z } from "zod";

const unit = () => z.number().min(0).max(1);

/** Two ends of a range. @param words - what lies below the first, and from the second */
const range = (low: number, high: number, value: z.ZodNumber, words: string) =>
  z
    .tuple([value, value])
    .refine(([first, second]) => first <= second, "the first value must not exceed the second")
    .default([low, high])
    .describe(words);

/** Images with true masks (63 of BUSI, 43 chest X-rays, 14 brain MRI) on which the effect of the defaults was looked at before they were settled. */
export const masksBehindDefaults = 120;

/**
 * When the gate keeps, weights or drops a pseudo-label. Each pair of limits is the value below which an image is dropped and the value from which it
 * keeps its full weight; in between the weight falls in a straight line. [0, 0] turns a measure off. The defaults are taken from the literature and from
 * what the measures mean, but which of them apply was decided after a look at true masks (`masksBehindDefaults`):
 *
 * - `agreementLimits`: two observers agree at a DSC of about 0.9 (lungs: 0.93); above 0.7 is "excellent agreement" by Zijdenbos et al. 1994; members
 *   that share less than half of their pixels do not show the same thing.
 * - `stabilityLimits`: one prompt under noise must give more stable masks than several seeds do.
 * - `iouLimits`: off. SAM's head for it was trained on natural images, and that of a SAM trained on few scans may say 0.5 of masks that do not move with
 *   wording or noise, as that of the starter pack does; on 61 ultrasound images it did not order its masks by DSC either (rank correlation -0.03). For published
 *   weights 0.88 is the threshold of Kirillov et al. 2023, section 5.
 * - `outlierDeviations`: 3 robust standard deviations are the usual limit for outliers. The image is compared with its own set, as the usual size, agreement
 *   and stability depend on the target, the model and the strength of the noise.
 * - `partsLimits`: dust of a tenth of the area costs nothing; with half of the area elsewhere the mask shows two things.
 * - `borderLimits`: a target may fill one side of the image, 1/4 of the border; a mask along half of the border is the background, or the whole image.
 */
export const GateSettings = z.strictObject({
  agreementLimits: range(0.5, 0.8, unit(), "mean pairwise DSC of the masks of several seeds or wordings: dropped below, full weight from"),
  stabilityLimits: range(0.6, 0.9, unit(), "mean DSC of a mask with those of noised embeddings: dropped below, full weight from"),
  iouLimits: range(0, 0, unit(), "IoU that SAM predicts: dropped below, full weight from (default: it has no bearing)"),
  outlierDeviations: range(
    3,
    6,
    z.number().positive(),
    "robust standard deviations from the median of the set, of size (both ways), agreement and stability (only worse): full weight up to, dropped from",
  ).meta({ unit: "deviations" }),
  partsLimits: range(0.5, 0.9, unit(), "share of the foreground in the expected number of largest parts: dropped below, full weight from"),
  borderLimits: range(0.5, 0.75, unit(), "share of the image's border without foreground: dropped below, full weight from"),
  expectedParts: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("number of parts that a mask should have, such as 2 for both lungs (default: the median of the set)"),
  emptyMasks: z
    .enum(["drop", "keep"])
    .default("drop")
    .describe("images without any foreground; keep them only if the target may be absent, as they then teach that it is"),
  leastWeight: unit().gt(0).default(0.1).describe("weight of an image that is only just not dropped"),
  minKept: z
    .number()
    .int()
    .positive()
    .default(10)
    .describe("fewest images with which a training may start; 10 are two for each of five folds"),
});
export type GateSettings = z.infer<typeof GateSettings>;

/** Which pixels of a pseudo-label become the ignore label. */
export const IgnoreSettings = z.strictObject({
  ignoreDisagreement: z.boolean().default(false).describe("pixels on which members disagree are ignored in training"),
  memberAgreement: unit()
    .gt(0.5)
    .default(1)
    .describe("share of members that must agree with a pixel's label; 1: all of them")
    .meta({ needs: [{ ignoreDisagreement: [true] }] }),
});
export type IgnoreSettings = z.infer<typeof IgnoreSettings>;

/**
 * When two images are near-duplicates.
 *
 * - `hashDistance`: as in common use of 64-bit pHash (8 to 10); found exactly up to 15.
 * - `detailCorrelation`: medical images of one kind look alike at the low frequencies of a hash, so the others must agree as well.
 */
export const DuplicateSettings = z.strictObject({
  hashDistance: z
    .number()
    .int()
    .min(0)
    .max(15)
    .default(8)
    .describe("bits of 64 in which the hashes of near-duplicates may differ")
    .meta({ unit: "bits" }),
  detailCorrelation: z
    .number()
    .min(-1)
    .max(1)
    .default(0.8)
    .describe("least correlation of what the hashes do not compare (the finer detail of 32 x 32 thumbnails); -1: hashes alone decide"),
  turnedCopies: z.boolean().default(false).describe("find mirrored and turned copies, too; takes 8 times as long"),
});
export type DuplicateSettings = z.infer<typeof DuplicateSettings>;
