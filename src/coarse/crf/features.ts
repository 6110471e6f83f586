import type { Image, Size } from "../../image/index.ts";

/** Positions as features, [N, 2] in standard deviations: x, y. */
export function positions({ width, height }: Size, sxy: number): Float32Array {
  const features = new Float32Array(2 * width * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      features[at++] = x / sxy;
      features[at++] = y / sxy;
    }
  }
  return features;
}

/** Positions and colours as features, [N, 5] in standard deviations: x, y, blue, green, red, the order of the reference. */
export function positionsAndColours({ width, height, data }: Image, sxy: number, srgb: number): Float32Array {
  const features = new Float32Array(5 * width * height);
  for (let y = 0, at = 0, sample = 0; y < height; y++) {
    for (let x = 0; x < width; x++, sample += 3) {
      features[at++] = x / sxy;
      features[at++] = y / sxy;
      features[at++] = data[sample + 2]! / srgb;
      features[at++] = data[sample + 1]! / srgb;
      features[at++] = data[sample]! / srgb;
    }
  }
  return features;
}
