import type { UNetConfig } from "../../models/unet/config.ts";

/** Statistics of the foreground of one channel; each training case counts alike, whatever its size. Names as in nnU-Net's files. */
export interface IntensityProperties {
  readonly mean: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly std: number;
  readonly percentile_00_5: number;
  readonly percentile_99_5: number;
}

/** [slices, rows, columns]; a 2D image has one slice. */
export type Triple = readonly [slices: number, rows: number, columns: number];
/** [rows, columns] */
export type Pair = readonly [rows: number, columns: number];

/** What planning knows of a training set. */
export interface Fingerprint {
  /** Millimetres, in the order of the cases. Of files without spacing [999, 1, 1]; of 2D images with one [999 max(row, column), row, column]. */
  readonly spacings: readonly Triple[];
  /** Pixels after the crop to what is not zero, in the same order. */
  readonly shapes: readonly Triple[];
  /** Median over the cases of the area after the crop by that before, in (0, 1]. */
  readonly relativeSize: number;
  /** By channel. */
  readonly intensities: readonly IntensityProperties[];
}

/** nnU-Net's names for its normalisations. */
export const normalisationSchemes = [
  "ZScoreNormalization",
  "CTNormalization",
  "NoNormalization",
  "RescaleTo01Normalization",
  "RGBTo01Normalization",
] as const;
export type NormalisationScheme = (typeof normalisationSchemes)[number];

/** A U-Net as it is planned: without the numbers of channels that follow from dataset.json. */
export type PlannedNetwork = Omit<UNetConfig, "inputChannels" | "outputs">;

/** The configuration "2d" of a plans file. */
export interface Plan2d {
  readonly batchSize: number;
  /** Pixels, [rows, columns], divisible by the product of the network's strides. */
  readonly patchSize: Pair;
  /** Median over the training cases after resampling, in pixels; may end in .5. */
  readonly medianSize: Pair;
  /** Millimetres per pixel that all images are resampled to. */
  readonly spacing: Pair;
  /** By channel. */
  readonly normalisation: readonly NormalisationScheme[];
  /** By channel: whether mean and standard deviation are those of the pixels that are not cropped away, and others stay as they are. */
  readonly useMaskForNorm: readonly boolean[];
  /** Whether the Dice loss sums over the images of a batch. */
  readonly batchDice: boolean;
  readonly network: PlannedNetwork;
}

/** The 2D part of a plans file. */
export interface Plans {
  /** Such as "Dataset501_XrayLungs". */
  readonly datasetName: string;
  /** Name of the file without extension, such as "nnUNetPlans". */
  readonly plansName: string;
  /** nnU-Net's name of the planner, such as "ExperimentPlanner". */
  readonly planner: string;
  /** nnU-Net's name of the class that reads the images, such as "NaturalImage2DIO". */
  readonly imageReader: string;
  /** Medians over the training cases before resampling. */
  readonly medianSpacing: Triple;
  readonly medianShape: Triple;
  /** By channel. */
  readonly intensities: readonly IntensityProperties[];
  readonly plan2d: Plan2d;
}
