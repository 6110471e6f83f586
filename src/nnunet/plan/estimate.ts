import type { Pair, PlannedNetwork } from "./types.ts";

/**
 * Elements of all convolutions' outputs for one image: what nnU-Net takes for the memory of a training step.
 *
 * F features and A area of a stage; the decoder's level has its convolutions and the transposed one. Of the heads only that of full size counts.
 *
 * @param patchSize - divisible by the product of the strides
 * @param labels - entries of dataset.json's `labels`, the ignore label and the background included
 */
export function estimateOf({ kind, stages, decoderConvs }: PlannedNetwork, patchSize: Pair, labels: number): number {
  let area = patchSize[0] * patchSize[1];
  const areas = stages.map(({ stride }) => (area /= stride[0] * stride[1]));
  let elements = labels * areas[0]!;
  if (kind === "residual-encoder") elements += stages[0]!.features * areas[0]!; // the stem
  stages.forEach(({ features, blocks, stride }, i) => {
    const size = features * areas[i]!;
    if (kind === "plain") {
      elements += blocks * size;
      return;
    }
    const before = stages[Math.max(i - 1, 0)]!.features;
    const hasProjection = features !== before || stride[0] !== 1 || stride[1] !== 1;
    elements += 2 * blocks * size + (hasProjection ? size : 0);
  });
  decoderConvs.forEach((convs, i) => {
    const level = stages.length - 2 - i;
    elements += (convs + 1) * stages[level]!.features * areas[level]!;
  });
  return elements;
}
