/** A window of values, in modality values such as Hounsfield units. */
export interface Window {
  readonly center: number;
  /** Greater than 0. */
  readonly width: number;
}

/** The rule by which modality values became levels of gray. */
export type AppliedWindow =
  /** A window: of the file, the default of CT (40/400), or one that was asked for. */
  | {
      readonly kind: "window" | "default CT" | "asked";
      readonly function: "LINEAR" | "LINEAR_EXACT" | "SIGMOID";
      readonly center: number;
      readonly width: number;
    }
  /** A lookup table of the file. */
  | { readonly kind: "lut"; readonly entries: number; readonly first: number; readonly bits: number }
  /** The full range of stored values. */
  | { readonly kind: "full"; readonly bits: number }
  /** From the 0.5 % to the 99.5 % percentile of all frames that belong together. */
  | { readonly kind: "percentiles"; readonly low: number; readonly high: number };
