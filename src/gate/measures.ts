import type { LabelFacts } from "./facts.ts";
import { deviationsOf, doubtOf, type SetLimits, type UsualValue } from "./set-limits.ts";
import type { GateSettings } from "./settings.ts";

/** How good a pseudo-label is by one measure. */
export interface Measure {
  /** In [0, 1], larger is better. */
  readonly value: number;
  /** By how many robust standard deviations it is worse than usual in the set; absent where the measure does not depend on the set. */
  readonly deviations?: number;
  /** The same in words. */
  readonly reason: string;
}

/** What judging takes beside the facts of an image. */
interface Context {
  readonly limits: SetLimits;
  readonly settings: GateSettings;
}

/** One measure of a pseudo-label. */
export interface MeasureRow {
  /** Heading of a column. */
  readonly title: string;
  /** Null where the facts do not hold what it takes. */
  readonly measure: (facts: LabelFacts, context: Context) => Measure | null;
  /** Below the first value an image is dropped, from the second it keeps its weight; [0, 0] turns the measure off. Null: deviations alone decide. */
  readonly range: ((settings: GateSettings) => readonly [number, number]) | null;
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** The measures by name. A new one is one row here and its limits in the settings. */
export const measureTable = {
  agreement: {
    title: "agreement",
    measure: ({ agreement, memberCount }, { limits }) =>
      agreement === null ? null : likeness(agreement, `mean pairwise DSC of ${memberCount} masks`, limits.disagreement),
    range: ({ agreementLimits }) => agreementLimits,
  },
  stability: {
    title: "stability",
    measure: ({ stability, perturbedCount }, { limits }) =>
      stability === null
        ? null
        : likeness(stability, `mean DSC with ${counted(perturbedCount, "mask")} of noised embeddings`, limits.instability),
    range: ({ stabilityLimits }) => stabilityLimits,
  },
  predictedIou: {
    title: "predicted IoU",
    measure: ({ predictedIou }) =>
      predictedIou === null ? null : { value: clamp(predictedIou), reason: `SAM predicts an IoU of ${predictedIou.toFixed(2)}` },
    range: ({ iouLimits }) => iouLimits,
  },
  size: { title: "size", measure: sizeMeasure, range: null },
  parts: { title: "parts", measure: partsMeasure, range: ({ partsLimits }) => partsLimits },
  border: {
    title: "border",
    measure: ({ borderShare, touches }) => ({
      value: 1 - borderShare,
      reason:
        touches.length === 0
          ? "does not touch the image's border"
          : `covers ${percent(borderShare)} of the image's border (${touches.join(", ")})`,
    }),
    range: ({ borderLimits }) => borderLimits,
  },
} as const satisfies Record<string, MeasureRow>;

/** The name of a measure. */
export type MeasureName = keyof typeof measureTable;

/** How alike masks are, on its own and beside the other images of the set: how unlike they usually are depends on the model, and on the strength of the noise. */
function likeness(dsc: number, what: string, usual: UsualValue | null): Measure {
  const reason = `${what} is ${dsc.toFixed(2)}`;
  if (usual === null) return { value: dsc, reason };
  const deviations = Math.max(0, deviationsOf(doubtOf(dsc), usual));
  return { value: dsc, deviations, reason: deviations < 1 ? reason : `${reason}, ${worse(deviations)} worse than usual in the set` };
}

const worse = (deviations: number): string => `${deviations.toFixed(1)} robust standard deviations`;

/** How far the size is from the usual one: 1 there, 0 at the deviations that drop an image. */
function sizeMeasure({ areaFraction }: LabelFacts, { limits: { size }, settings }: Context): Measure | null {
  if (size === null || areaFraction === 0) return null;
  const deviations = Math.abs(deviationsOf(areaFraction, size));
  const direction = areaFraction < size.median ? "smaller" : "larger";
  return {
    value: clamp(1 - deviations / settings.outlierDeviations[1]),
    deviations,
    reason: `covers ${percent(areaFraction)} of the image, ${worse(deviations)} ${direction} than the median of the set (${percent(size.median)})`,
  };
}

/** The share of the foreground in as many of the largest parts as are expected. */
function partsMeasure({ partAreasPx }: LabelFacts, { limits }: Context): Measure | null {
  if (partAreasPx.length === 0) return null;
  const area = partAreasPx.reduce((sum, part) => sum + part, 0);
  const share = partAreasPx.slice(0, limits.expectedParts).reduce((sum, part) => sum + part, 0) / area;
  const [largest] = partAreasPx;
  const found = `has ${counted(partAreasPx.length, "part")}, the largest with ${percent(largest! / area)} of the foreground`;
  return { value: share, reason: `${found}; expected ${limits.expectedParts}` };
}
