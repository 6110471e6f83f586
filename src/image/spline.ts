/** The pole of the cubic B-spline. */
const pole = Math.sqrt(3) - 2;

/**
 * The coefficients of the cubic B-spline that passes through all samples of a plane [H, W], mirrored without its edge pixels.
 *
 * @see Unser 1999, Splines: a perfect fit for signal and image processing
 */
export function splineCoefficients(plane: ArrayLike<number>, height: number, width: number): Float64Array {
  const coefficients = Float64Array.from(plane);
  if (width > 1) for (let y = 0; y < height; y++) filterLines(coefficients, y * width, width, 1, 1);
  if (height > 1) filterLines(coefficients, 0, height, width, width);
  return coefficients;
}

/** Filters `lines` lines side by side, of `length` samples each that lie `step` apart; all lines advance together. */
function filterLines(c: Float64Array, start: number, length: number, step: number, lines: number): void {
  const last = start + (length - 1) * step;
  const period = 2 * length - 2;
  for (let x = 0; x < lines; x++) {
    let sum = c[start + x]! + pole ** (length - 1) * c[last + x]!;
    for (let k = 1, power = pole; k < length - 1; k++, power *= pole) {
      if (k > 40) break; // pole^40 < 1e-22
      sum += (power + pole ** (period - k)) * c[start + k * step + x]!;
    }
    c[start + x] = (6 * sum) / (1 - pole ** period);
  }
  for (let at = start + step; at <= last; at += step) {
    for (let x = at; x < at + lines; x++) c[x] = 6 * c[x]! + pole * c[x - step]!;
  }
  for (let x = last; x < last + lines; x++) c[x] = (pole / (pole * pole - 1)) * (c[x]! + pole * c[x - step]!);
  for (let at = last - step; at >= start; at -= step) {
    for (let x = at; x < at + lines; x++) c[x] = pole * (c[x + step]! - c[x]!);
  }
}

/** Writes the weights of the four coefficients from the one before a position on, `t` in [0, 1) beyond its sample, to `weights[at ..]`. */
export function splineWeights(t: number, weights: Float64Array, at = 0): void {
  const s = 1 - t;
  weights[at] = (s * s * s) / 6;
  weights[at + 1] = (t * t * (t - 2)) / 2 + 2 / 3;
  weights[at + 2] = (s * s * (s - 2)) / 2 + 2 / 3;
  weights[at + 3] = (t * t * t) / 6;
}
