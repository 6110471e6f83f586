import { ConfigError } from "../../errors.ts";
import { estimateOf } from "./estimate.ts";
import { roundHalfEven } from "./numpy.ts";
import type { Planner } from "./planners.ts";
import type { Target } from "./target.ts";
import { type Topology, topologyOf } from "./topology.ts";
import type { Pair, PlannedNetwork } from "./types.ts";

/** The reference batch of the planners' memory limits. */
const referenceBatch = 12;
const leastBatch = 2;
/** Pixels of the first patch that is tried, [2048, 2048] at equal spacings. */
const firstPatch = 2048 ** 2;
const [firstFeatures, mostFeatures] = [32, 512];

/** What the size of patch and batch depends on. */
export interface PlanSizes {
  readonly target: Target;
  /** Number of training cases. */
  readonly cases: number;
  /** Entries of dataset.json's `labels`, the ignore label and the background included. */
  readonly labels: number;
  readonly gpuMemoryGb: number;
}

/** Network, patch and batch, with the estimate that they rest on. */
export interface SizedNetwork {
  readonly network: PlannedNetwork;
  readonly patchSize: Pair;
  readonly batchSize: number;
  /** @see estimateOf */
  readonly estimate: number;
}

/**
 * The network with the largest patch that fits the memory, and the batch.
 *
 * Starts with the median image (at most 2048 x 2048 pixels) and, while the estimate is too large, takes the smallest step off the axis that is
 * longest by its median, of equal ones the columns. The batch fills the memory, but covers no more than the planner's share of the data set.
 *
 * @throws ConfigError when not even the smallest patch fits
 */
export function sizedNetwork({ target, cases, labels, gpuMemoryGb }: PlanSizes, planner: Planner): SizedNetwork {
  const spacing: Pair = [target.spacing[1], target.spacing[2]];
  const medianSize: Pair = [target.shape[1], target.shape[2]];
  const reference = planner.referenceEstimate * (gpuMemoryGb / planner.referenceGb);
  const topology = (size: Pair) => topologyOf(size, spacing, planner.kernelRule);
  const estimate = (of: Topology) => estimateOf(networkOf(of, planner), of.patchSize, labels);

  let current = topology(firstSize(spacing, medianSize));
  while ((estimate(current) / referenceBatch) * planner.leastRoom > reference) {
    const { patchSize, divisor } = current;
    const axis = patchSize[0] / medianSize[0] > patchSize[1] / medianSize[1] ? 0 : 1;
    // The divisor itself would be too large a step where the smaller patch has fewer stages.
    const step = topology(lessened(patchSize, axis, divisor[axis])).divisor[axis];
    const smaller = lessened(patchSize, axis, step);
    if (smaller[axis] < 1) {
      throw new ConfigError(`${planner.className}: ${gpuMemoryGb} GB of GPU memory are too few for any patch. Plan for more memory.`);
    }
    current = topology(smaller);
  }
  const fitting = roundHalfEven((reference / estimate(current)) * referenceBatch);
  const pixels = target.shape[0] * target.shape[1] * target.shape[2] * cases;
  const covering = roundHalfEven((pixels * planner.coverage) / (current.patchSize[0] * current.patchSize[1]));
  return {
    network: networkOf(current, planner),
    patchSize: current.patchSize,
    batchSize: Math.max(Math.min(fitting, covering), leastBatch),
    estimate: estimate(current),
  };
}

function firstSize(spacing: Pair, medianSize: Pair): Pair {
  const [rows, columns] = [1 / spacing[0], 1 / spacing[1]];
  const scale = (firstPatch / (rows * columns)) ** 0.5;
  return [Math.min(roundHalfEven(rows * scale), medianSize[0]), Math.min(roundHalfEven(columns * scale), medianSize[1])];
}

const lessened = ([rows, columns]: Pair, axis: 0 | 1, by: number): Pair => (axis === 0 ? [rows - by, columns] : [rows, columns - by]);

function networkOf({ kernels, strides }: Topology, { kind, blocksOf, decoderConvs }: Planner): PlannedNetwork {
  return {
    kind,
    stages: kernels.map((kernel, stage) => ({
      features: Math.min(mostFeatures, firstFeatures * 2 ** stage),
      kernel,
      stride: strides[stage]!,
      blocks: blocksOf(stage),
    })),
    decoderConvs: kernels.slice(1).map(() => decoderConvs),
    convBias: true,
    normEps: 1e-5,
    slope: 0.01,
  };
}
