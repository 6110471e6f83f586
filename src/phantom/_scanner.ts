import type { GrayImage } from "../image/index.ts";
import { normal } from "../tensor/random.ts";

/** Blurs a picture [size · size] in place with a Gaussian of `sigma` pixels, edges repeated. */
export function blur(levels: Float32Array, size: number, sigma: number): void {
  if (sigma < 0.2) return;
  const reach = Math.ceil(2.5 * sigma);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / sigma) ** 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const kernel = Float32Array.from(weights, (weight) => weight / total);
  const line = new Float32Array(size + 2 * reach);
  for (const [step, stride] of [[1, size] as const, [size, 1] as const]) {
    for (let first = 0; first < size; first++) {
      const start = first * stride;
      for (let i = -reach; i < size + reach; i++) line[i + reach] = levels[start + Math.min(size - 1, Math.max(0, i)) * step]!;
      for (let i = 0; i < size; i++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += kernel[k]! * line[i + k]!;
        levels[start + i * step] = sum;
      }
    }
  }
}

/** The noise of a magnitude image of MRI: the length of a signal with normal noise in both of its channels. */
export function addRicianNoise(levels: Float32Array, sigma: number, name: string, seed: number): void {
  const real = normal(`${name}/real`, seed, levels.length);
  const imaginary = normal(`${name}/imaginary`, seed, levels.length);
  for (let i = 0; i < levels.length; i++) {
    const [a, b] = [levels[i]! + sigma * real[i]!, sigma * imaginary[i]!];
    levels[i] = Math.sqrt(a * a + b * b);
  }
}

/** Normal noise. */
export function addNoise(levels: Float32Array, sigma: number, name: string, seed: number): void {
  const noise = normal(name, seed, levels.length);
  for (let i = 0; i < levels.length; i++) levels[i]! += sigma * noise[i]!;
}

/** Intensities between `low` and `high` as grays from black to white, [size, size]. */
export function display(levels: Float32Array, size: number, low: number, high: number): GrayImage {
  const scale = 255 / (high - low);
  const data = new Uint8Array(levels.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(255, Math.max(0, Math.round((levels[i]! - low) * scale)));
  return { width: size, height: size, data };
}
