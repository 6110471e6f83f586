/** A filter with a Gaussian kernel: out_i = Σ_j k(f_i, f_j) in_j. */
export interface Kernel {
  filter(values: Float32Array): Float32Array<ArrayBuffer>;
}

/** A kernel K scaled by its row sums on both sides, N K N with N = (K 1)^(-1/2): one pixel among many alike counts as much as one alone. */
export class NormalisedKernel implements Kernel {
  private readonly kernel: Kernel;
  /** [N] */
  private readonly scale: Float32Array;

  /** @param size - number of points */
  constructor(kernel: Kernel, size: number) {
    this.kernel = kernel;
    this.scale = kernel.filter(new Float32Array(size).fill(1)).map((sum) => 1 / Math.sqrt(sum + tiny));
  }

  filter(values: Float32Array): Float32Array<ArrayBuffer> {
    const { kernel, scale } = this;
    const scaled = new Float32Array(values.length);
    for (let i = 0; i < scaled.length; i++) scaled[i] = values[i]! * scale[i]!;
    const result = kernel.filter(scaled);
    for (let i = 0; i < result.length; i++) result[i]! *= scale[i]!;
    return result;
  }
}

/** Keeps the root of a sum of 0 finite, as in the reference. */
const tiny = 1e-20;
