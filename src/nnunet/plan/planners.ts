import type { KernelRule } from "./topology.ts";
import type { NormalisationScheme, PlannedNetwork } from "./types.ts";

/** A planner of nnU-Net: the network's kind and how large patch and batch may be. */
export interface Planner {
  /** Its class in nnU-Net. */
  readonly className: string;
  /** Name of its plans file without extension. */
  readonly plansName: string;
  readonly kind: PlannedNetwork["kind"];
  /** Convolutions or residual blocks of an encoder stage. */
  blocksOf(stage: number): number;
  /** Convolutions of a decoder stage. */
  readonly decoderConvs: number;
  /** The estimate that fits at a batch of 12 into the memory beside it. */
  readonly referenceEstimate: number;
  readonly referenceGb: number;
  /** Memory that is planned for by default. */
  readonly gpuMemoryGb: number;
  /** Share of the data set's pixels that a batch covers at most. */
  readonly coverage: number;
  /** Images for which there must be room at the planned patch, of the reference batch of 12. */
  readonly leastRoom: number;
  readonly kernelRule: KernelRule;
  /** Normalisation by the name of a channel; z-score for other names. */
  readonly schemes: ReadonlyMap<string, NormalisationScheme>;
  /** Whether names of channels are compared without regard to case. */
  readonly ignoresCase: boolean;
}

const residualBlocks = [1, 3, 4];

const plain = {
  className: "ExperimentPlanner",
  plansName: "nnUNetPlans",
  kind: "plain",
  blocksOf: () => 2,
  decoderConvs: 2,
  referenceEstimate: 85e6,
  referenceGb: 8,
  gpuMemoryGb: 8,
  coverage: 0.05,
  leastRoom: 2,
  kernelRule: "own spacing",
  schemes: new Map([
    ["ct", "CTNormalization"],
    ["nonorm", "NoNormalization"],
    ["zscore", "ZScoreNormalization"],
    ["rescale_to_0_1", "RescaleTo01Normalization"],
    ["rgb_to_0_1", "RGBTo01Normalization"],
  ]),
  ignoresCase: true,
} as const satisfies Planner;

const residual = {
  ...plain,
  kind: "residual-encoder",
  blocksOf: (stage: number) => residualBlocks[stage] ?? 6,
  decoderConvs: 1,
  coverage: 1,
  leastRoom: 12,
} as const;

/** The planners by the name that users choose. */
export const planners = {
  ExperimentPlanner: plain,
  nnUNetPlannerResEncM: {
    ...residual,
    className: "nnUNetPlannerResEncM",
    plansName: "nnUNetResEncUNetMPlans",
    referenceEstimate: 135e6,
  },
  nnUNetPlannerResEncL: {
    ...residual,
    className: "nnUNetPlannerResEncL",
    plansName: "nnUNetResEncUNetLPlans",
    referenceEstimate: 380e6,
    referenceGb: 24,
    gpuMemoryGb: 24,
  },
  /** ExperimentPlanner of version 2.1.1, on which the authors' fork of nnU-Net rests. */
  "ExperimentPlanner-2.1.1": {
    ...plain,
    leastRoom: 12,
    kernelRule: "place in list",
    schemes: new Map([
      ["CT", "CTNormalization"],
      ["noNorm", "NoNormalization"],
      ["zscore", "ZScoreNormalization"],
      ["rescale_0_1", "RescaleTo01Normalization"],
      ["rgb_to_0_1", "RGBTo01Normalization"],
    ]),
    ignoresCase: false,
  },
} as const satisfies Readonly<Record<string, Planner>>;
export type PlannerName = keyof typeof planners;

/** The normalisation of a channel by its name. */
export function schemeOf(channelName: string, { schemes, ignoresCase }: Planner): NormalisationScheme {
  return schemes.get(ignoresCase ? channelName.toLowerCase() : channelName) ?? "ZScoreNormalization";
}
