import type { Plan2d } from "../../../nnunet/index.ts";

/** Length and size of a training. */
export interface TrainPreset {
  readonly epochs: number;
  /** Batches of an epoch, and of the validation after it. */
  readonly epochSteps: number;
  readonly validationSteps: number;
  readonly cycles: number;
  readonly keep: "none" | "late";
  /** A smaller network than the planned one: features of the first stage, and at most. */
  readonly features?: number;
  readonly mostFeatures?: number;
  /** Largest side of a patch, and most patches in a batch. */
  readonly patch?: number;
  readonly batch?: number;
  /** Larger images are resampled to this, see `PlanOptions`. */
  readonly longestSide?: number;
}

/**
 * - `quick`: a quarter of an hour on two cores. Half of the planned features, images of at most 192 pixels that fit into one patch, small batches; chosen by time alone, on no mask.
 * - `paper`: 600 epochs in 3 cycles, of which the last ten epochs each are kept (Koleilat et al. 2024, after Zhao et al. 2022)
 * - `full`: nnU-Net's own 1,000 epochs
 */
export const trainPresets = {
  quick: {
    ...{ epochs: 60, epochSteps: 25, validationSteps: 4, cycles: 3, keep: "late" },
    ...{ features: 16, mostFeatures: 128, patch: 192, batch: 4, longestSide: 192 },
  },
  paper: { epochs: 600, epochSteps: 250, validationSteps: 50, cycles: 3, keep: "late" },
  full: { epochs: 1000, epochSteps: 250, validationSteps: 50, cycles: 1, keep: "none" },
} as const satisfies Record<string, TrainPreset>;
export type PresetName = keyof typeof trainPresets;

/** The limits of a preset, or of settings, on a plan. */
export type PlanLimits = Pick<TrainPreset, "features" | "mostFeatures" | "patch" | "batch">;

/**
 * A plan within limits: features grow from the first stage by doubling as planned, patches keep to multiples of the network's strides.
 */
export function limitedPlan(plan: Plan2d, { features, mostFeatures, patch, batch }: PlanLimits): Plan2d {
  const { stages } = plan.network;
  const first = stages[0]!.features;
  const scale = features === undefined ? 1 : Math.min(1, features / first);
  const limited = stages.map((stage) => ({
    ...stage,
    features: Math.max(1, Math.min(mostFeatures ?? Number.POSITIVE_INFINITY, Math.round(stage.features * scale))),
  }));
  const strides = ([0, 1] as const).map((axis) => stages.reduce((product, { stride }) => product * stride[axis], 1));
  const side = (axis: 0 | 1): number => {
    if (patch === undefined) return plan.patchSize[axis];
    const whole = Math.max(1, Math.floor(patch / strides[axis]!)) * strides[axis]!;
    return Math.min(plan.patchSize[axis], whole);
  };
  return {
    ...plan,
    batchSize: Math.min(plan.batchSize, batch ?? plan.batchSize),
    patchSize: [side(0), side(1)],
    network: { ...plan.network, stages: limited },
  };
}
