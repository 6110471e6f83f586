import { normal } from "../../tensor/random.ts";
import { type Shape, sizeOf } from "../../tensor/tensor.ts";

/** Slope of the leaky ReLU for which the variance is chosen. */
const slope = 0.01;

/**
 * Random weights as nnU-Net starts with: normal with the standard deviation sqrt(2 / (1 + slope²) / fan-in) for kernels, 0 for biases and 1
 * for the scales of normalisations; 0 for those behind the second convolution of a residual block, which so begins as its skip path.
 *
 * A tensor depends on the seed and its name alone.
 *
 * @remarks As in torch, the fan-in of a transposed convolution is taken from its second axis, the output channels.
 * @see He et al. 2015, arXiv:1502.01852
 */
export function initialWeights(name: string, shape: Shape, seed: number): Float32Array {
  if (shape.length > 1) {
    const [, second, ...kernel] = shape as [number, number, ...number[]];
    const deviation = Math.sqrt(2 / (1 + slope ** 2) / (second * sizeOf(kernel)));
    return normal(`initial/${name}`, seed, sizeOf(shape)).map((value) => deviation * value);
  }
  const isScale = name.endsWith(".norm.weight") && !name.endsWith(".conv2.norm.weight");
  return new Float32Array(sizeOf(shape)).fill(isScale ? 1 : 0);
}
