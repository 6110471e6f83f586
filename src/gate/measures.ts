import type { LabelFacts } from "./facts.ts";
import type { SetLimits } from "./set-limits.ts";
import type { GateSettings } from "./settings.ts";

/** How good a pseudo-label is by one measure. */
export interface Measure {
  /** In [0, 1], larger is better. */
  readonly value: number;
  /** The same in words. */
  readonly reason: string;
}

/** What judging takes beside the facts of an image. */
interface Context {
  readonly limits: SetLimits;
  readonly settings: GateSettings;
}

/** One measure of a pseudo-label. */
interface MeasureRow {
  /** Heading of a column. */
  readonly title: string;
  /** Null where the facts do not hold what it takes. */
  readonly measure: (facts: LabelFacts, context: Context) => Measure | null;
  /** Below the first value an image is dropped, from the second it keeps its weight. */
  readonly range: (settings: GateSettings) => readonly [number, number];
}

const clamp = (value: number): number => Math.min(1, Math.max(0, value));
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** The measures by name. A new one is one row here and its limits in the settings. */
export const measureTable = {
  agreement: {
    title: "agreement",
    measure: ({ agreement, memberCount }) =>
      agreement === null ? null : { value: agreement, reason: `mean pairwise DSC of ${memberCount} masks is ${agreement.toFixed(2)}` },
    range: ({ agreementLimits }) => agreementLimits,
  },
  stability: {
    title: "stability",
    measure: ({ stability, perturbedCount }) =>
      stability === null
        ? null
        : {
            value: stability,
            reason: `mean DSC with ${counted(perturbedCount, "mask")} of noised embeddings is ${stability.toFixed(2)}`,
          },
    range: ({ stabilityLimits }) => stabilityLimits,
  },
  predictedIou: {
    title: "predicted IoU",
    measure: ({ predictedIou }) =>
      predictedIou === null ? null : { value: clamp(predictedIou), reason: `SAM predicts an IoU of ${predictedIou.toFixed(2)}` },
    range: ({ iouLimits }) => iouLimits,
  },
  size: { title: "size", measure: sizeMeasure, range: () => [Number.MIN_VALUE, 1] },
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

/** 1 up to the first number of robust standard deviations from the set's median of log area, from there in a straight line to 0 at the second. */
function sizeMeasure({ areaFraction }: LabelFacts, { limits, settings }: Context): Measure | null {
  if (limits.size === null || areaFraction === 0) return null;
  const { medianFraction, logDeviation } = limits.size;
  const deviations = Math.abs(Math.log(areaFraction / medianFraction)) / logDeviation;
  const [inner, outer] = settings.sizeDeviations;
  const value = deviations <= inner ? 1 : clamp((outer - deviations) / (outer - inner));
  const direction = areaFraction < medianFraction ? "smaller" : "larger";
  const distance = `${deviations.toFixed(1)} robust standard deviations ${direction} than the median of the set (${percent(medianFraction)})`;
  return { value, reason: `covers ${percent(areaFraction)} of the image, ${distance}` };
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
