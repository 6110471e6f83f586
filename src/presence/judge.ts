import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { discriminantScore } from "./discriminant.ts";
import { type Evidence, type LearnedSign, learnedSigns, type PresenceSigns, signNames } from "./signs.ts";

const Sign = z.strictObject({
  /** Of the images without the target. */
  mean: z.number(),
  /** Standard deviation of the same; 0 for a sign that is always the same, or was not learned, and does not count. */
  deviation: z.number().nonnegative(),
  /** Per standard deviation. */
  weight: z.number(),
});

const FittedDiscriminant = z.strictObject({ weights: z.array(z.number()), bias: z.number() });

/** How signs become a score, and from which score on a target counts as present. */
export const Calibration = z.strictObject({
  version: z.literal(2),
  signs: z.strictObject(Object.fromEntries(signNames.map((name) => [name, Sign])) as Record<(typeof signNames)[number], typeof Sign>),
  /** Those that were learned. */
  discriminants: z.strictObject(
    Object.fromEntries(learnedSigns.map((name) => [name, FittedDiscriminant.optional()])) as Record<
      LearnedSign,
      z.ZodOptional<typeof FittedDiscriminant>
    >,
  ),
  bias: z.number(),
  /** A target with a score above it counts as present. */
  threshold: z.number(),
  /** Share of images without the target that may be above it, on average over calibration sets. */
  falseAlarms: z.number().gt(0).lt(1),
  /** Whether the weights were fitted to images with and without the target, or are equal. */
  weights: z.enum(["fitted", "equal"]),
});
export type Calibration = z.infer<typeof Calibration>;

/** Whether a target is in an image, as far as a calibration tells. */
export interface Judgement {
  /** Log-odds where weights were fitted; else the mean of standardised signs, times √K. `null`: nothing was found that could be judged. */
  readonly score: number | null;
  readonly isPresent: boolean;
  /** Absent where nothing was found. */
  readonly signs?: PresenceSigns;
}

/**
 * All signs that a calibration knows.
 *
 * @throws ConfigError when it has learned from features of another number, so from another model
 */
export function signsOf({ discriminants }: Pick<Calibration, "discriminants">, { signs, features }: Evidence): PresenceSigns {
  const learned: Partial<Record<LearnedSign, number>> = {};
  for (const name of learnedSigns) {
    const discriminant = discriminants[name];
    if (!discriminant) continue;
    const [expected, given] = [discriminant.weights.length, features[name]?.length ?? 0];
    if (given !== expected) {
      throw new ConfigError(
        `the calibration has ${expected} weights for ${name}, but there are ${given} features: it was made with another model or method. Calibrate again.`,
      );
    }
    learned[name] = discriminantScore(discriminant, features[name]!);
  }
  return { ...signs, ...learned };
}

/** The score of signs by a calibration. */
export function scoreOf({ signs, bias }: Pick<Calibration, "signs" | "bias">, found: PresenceSigns): number {
  return signNames.reduce((sum, name) => {
    const { mean, deviation, weight } = signs[name];
    return deviation > 0 ? sum + (weight * ((found[name] ?? mean) - mean)) / deviation : sum;
  }, bias);
}

/** @param evidence - undefined where a step before found nothing */
export function judge(calibration: Calibration, evidence: Evidence | undefined): Judgement {
  if (!evidence) return { score: null, isPresent: false };
  const signs = signsOf(calibration, evidence);
  const score = scoreOf(calibration, signs);
  return { score, isPresent: score > calibration.threshold, signs };
}
