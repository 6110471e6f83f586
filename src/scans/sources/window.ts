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
      readonly function: WindowFunction;
      readonly center: number;
      readonly width: number;
    }
  /** A lookup table of the file. */
  | { readonly kind: "lut"; readonly entries: number; readonly first: number; readonly bits: number }
  /** The full range of stored values. */
  | { readonly kind: "full"; readonly bits: number }
  /** From the 0.5 % to the 99.5 % percentile of all frames that belong together. */
  | { readonly kind: "percentiles"; readonly low: number; readonly high: number };

/** How a window maps values to levels. */
export type WindowFunction = "LINEAR" | "LINEAR_EXACT" | "SIGMOID";

/**
 * From a value to its level in [0, 1] by a window.
 *
 * @see DICOM PS3.3, C.11.2.1
 */
export function windowLevel(shape: WindowFunction, { center, width }: Window): (value: number) => number {
  const clamp = (level: number): number => Math.min(Math.max(level, 0), 1);
  const levels: Record<WindowFunction, (value: number) => number> = {
    LINEAR: width === 1 ? (value) => (value > center - 0.5 ? 1 : 0) : (value) => clamp((value - (center - 0.5)) / (width - 1) + 0.5),
    LINEAR_EXACT: (value) => clamp((value - center) / width + 0.5),
    SIGMOID: (value) => 1 / (1 + Math.exp((-4 * (value - center)) / width)),
  };
  return levels[shape];
}
