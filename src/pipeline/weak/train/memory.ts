import { estimateOf, type Plan2d } from "../../../nnunet/index.ts";

/** Bytes for each element of the planner's estimate and image: outputs of convolutions, norms and activations, and their gradients. Measured: 3.7 GB with 12 patches of 256 x 256. */
const bytesAnElement = 14.5;
/** Runtime and loader. */
const base = 0.25e9;

/** Estimated peak memory of a training step, in GB. */
export function trainingGigabytes({ network, patchSize, batchSize }: Plan2d): number {
  return (base + estimateOf(network, patchSize, 2) * batchSize * bytesAnElement) / 1e9;
}
