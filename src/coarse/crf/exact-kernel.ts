import type { Image } from "../../image/index.ts";
import type { Kernel } from "./normalised-kernel.ts";

/** A kernel reaches this many standard deviations far: what lies beyond adds up to less than 2e-6 of a probability. */
const reach = 5;

export interface ExactKernelOptions {
  /** Standard deviation of positions, in pixels. */
  readonly sxy: number;
  /** Standard deviation of colours, in levels; absent: colours do not matter. */
  readonly srgb?: number;
}

/**
 * The kernel of positions and colours as it is written, summed over all pairs of pixels at most five standard deviations apart:
 *
 *   k_ij = exp(-|p_i - p_j|² / (2 sxy²) - |c_i - c_j|² / (2 srgb²))
 *
 * Takes seconds where the lattice takes tenths: for small images and to see what the lattice leaves out.
 */
export class ExactKernel implements Kernel {
  private readonly image: Image;
  private readonly sxy: number;
  /** By squared distance of colours, up to that where nothing is left. */
  private readonly ofColour: Float64Array | undefined;

  constructor(image: Image, { sxy, srgb }: ExactKernelOptions) {
    this.image = image;
    this.sxy = sxy;
    this.ofColour = srgb === undefined ? undefined : gaussians(srgb, 3 * 255 ** 2);
  }

  filter(values: Float32Array): Float32Array<ArrayBuffer> {
    const { sxy, ofColour } = this;
    const { width, height, data } = this.image;
    const radius = Math.ceil(reach * sxy);
    const sums = Float64Array.from(values); // each pixel with itself
    // Pairs of pixels with the same offset; the mirrored offset is the same pair.
    for (let dy = 0; dy <= Math.min(radius, height - 1); dy++) {
      for (let dx = dy === 0 ? 1 : -Math.min(radius, width - 1); dx <= Math.min(radius, width - 1); dx++) {
        if (dx ** 2 + dy ** 2 > radius ** 2) continue;
        const ofPlace = Math.exp(-(dx ** 2 + dy ** 2) / (2 * sxy ** 2));
        for (let y = 0; y + dy < height; y++) {
          const end = y * width + width - Math.max(0, dx);
          for (let i = y * width + Math.max(0, -dx); i < end; i++) {
            const j = i + dy * width + dx;
            let weight = ofPlace;
            if (ofColour) {
              const r = data[3 * i]! - data[3 * j]!;
              const g = data[3 * i + 1]! - data[3 * j + 1]!;
              const b = data[3 * i + 2]! - data[3 * j + 2]!;
              const distance = r * r + g * g + b * b;
              if (distance >= ofColour.length) continue;
              weight *= ofColour[distance]!;
            }
            sums[i]! += weight * values[j]!;
            sums[j]! += weight * values[i]!;
          }
        }
      }
    }
    return Float32Array.from(sums);
  }
}

/** exp(-d / (2 σ²)) of the squared distances d = 0, 1, ... up to the largest one, or until it is below 1e-10. */
function gaussians(sigma: number, largest: number): Float64Array {
  const length = Math.min(largest, Math.ceil(2 * sigma ** 2 * Math.log(1e10))) + 1;
  return Float64Array.from({ length }, (_, d) => Math.exp(-d / (2 * sigma ** 2)));
}
