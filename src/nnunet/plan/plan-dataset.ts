import { ConfigError } from "../../errors.ts";
import { channelNamesOf, type DatasetJson } from "../dataset/dataset-json.ts";
import { imageReaderOf } from "../dataset/file-endings.ts";
import { roundHalfEven } from "./numpy.ts";
import { sizedNetwork } from "./plan-2d.ts";
import { type PlannerName, planners, schemeOf } from "./planners.ts";
import { coarserTarget, medianOf, targetOf } from "./target.ts";
import type { Fingerprint, Plans } from "./types.ts";

/** Below this median share of pixels that are not cropped away, statistics for z-scores leave the others out. */
const mostlyCropped = 3 / 4;

export interface PlanOptions {
  /** Such as "Dataset501_XrayLungs". */
  readonly datasetName: string;
  /** Default ExperimentPlanner. */
  readonly planner?: PlannerName | undefined;
  /** GPU memory to plan for; default that of the planner: 8, for ResEnc L 24. */
  readonly gpuMemoryGb?: number | undefined;
  /** Pixels; images whose median is longer are resampled to it, as with a larger target spacing given to nnU-Net. Default: no limit. */
  readonly longestSide?: number | undefined;
}

/**
 * Plans a 2D network for a data set, as nnU-Net does: the same numbers from the same fingerprint.
 *
 * @throws ConfigError when the fingerprint has another number of channels or cases than dataset.json, or the memory is too small
 * @see Isensee et al. 2021, Nature Methods 18, and nnU-Net v2
 * @example const plans = planDataset(json, fingerprint, { datasetName: "Dataset501_XrayLungs", planner: "nnUNetPlannerResEncM" });
 */
export function planDataset(json: DatasetJson, fingerprint: Fingerprint, options: PlanOptions): Plans {
  const { datasetName } = options;
  const planner = planners[options.planner ?? "ExperimentPlanner"];
  const names = channelNamesOf(json);
  if (names.length !== fingerprint.intensities.length) {
    throw new ConfigError(
      `planDataset: "channel_names" has ${names.length} channels, the fingerprint ${fingerprint.intensities.length}. Compute the fingerprint again.`,
    );
  }
  const gpuMemoryGb = options.gpuMemoryGb ?? planner.gpuMemoryGb;
  if (!(gpuMemoryGb > 0)) throw new ConfigError(`planDataset: gpuMemoryGb must be more than 0, got ${gpuMemoryGb}`);
  const target = coarserTarget(targetOf(fingerprint), options.longestSide);
  const { network, patchSize, batchSize } = sizedNetwork(
    { target, cases: json.numTraining, labels: Object.keys(json.labels).length, gpuMemoryGb },
    planner,
  );
  const normalisation = names.map((name) => schemeOf(name, planner));
  const usesMask = fingerprint.relativeSize < mostlyCropped;
  const [slices, rows, columns] = medianOf(fingerprint.shapes);
  return {
    datasetName,
    plansName: planner.plansName,
    planner: planner.className,
    imageReader: json.overwrite_image_reader_writer ?? imageReaderOf(json.file_ending),
    medianSpacing: medianOf(fingerprint.spacings),
    medianShape: [roundHalfEven(slices), roundHalfEven(rows), roundHalfEven(columns)],
    intensities: fingerprint.intensities,
    plan2d: {
      batchSize,
      patchSize,
      medianSize: [target.shape[1], target.shape[2]],
      spacing: [target.spacing[1], target.spacing[2]],
      normalisation,
      useMaskForNorm: normalisation.map((scheme) => usesMask && scheme === "ZScoreNormalization"),
      batchDice: true,
      network,
    },
  };
}
