/** Side of a thumbnail. */
export const side = 32;
/** Frequencies along each axis that a perceptual hash holds. */
export const frequenciesKept = 8;

/** cosines[u * side + x] = cos(π u (2 x + 1) / (2 side)) */
const cosines = Float64Array.from({ length: frequenciesKept * side }, (_, i) => {
  return Math.cos((Math.PI * Math.floor(i / side) * (2 * (i % side) + 1)) / (2 * side));
});

/** The lowest frequencies of a thumbnail [side, side] by the DCT-II, not normalised: 4 Σ x cos cos, row-major [v, u]. */
export function lowFrequencies(thumbnail: Uint8Array): Float64Array {
  const rows = new Float64Array(side * frequenciesKept); // [y, u]
  for (let y = 0; y < side; y++)
    for (let u = 0; u < frequenciesKept; u++) {
      let sum = 0;
      for (let x = 0; x < side; x++) sum += 2 * thumbnail[y * side + x]! * cosines[u * side + x]!;
      rows[y * frequenciesKept + u] = sum;
    }
  return Float64Array.from({ length: frequenciesKept ** 2 }, (_, i) => {
    const [v, u] = [Math.floor(i / frequenciesKept), i % frequenciesKept];
    let sum = 0;
    for (let y = 0; y < side; y++) sum += 2 * rows[y * frequenciesKept + u]! * cosines[v * side + y]!;
    return sum;
  });
}

/** A thumbnail with its low frequencies. */
export interface Thumbnail {
  /** Gray levels, 32 x 32, row-major. */
  readonly levels: Uint8Array;
  /** The lowest 8 x 8 frequencies of the levels, not normalised, row-major [v, u]. */
  readonly frequencies: Float64Array;
}

/** Mean square, in levels, below which what is left of a thumbnail is noise of rounding. */
const leastDetail = 0.5;

/**
 * Correlation of the detail of two thumbnails: of all frequencies but those of the hash. The detail is what an orthogonal projection leaves, so
 *
 *   ⟨detail a, detail b⟩ = ⟨a, b⟩ - ⟨P a, P b⟩,   P: onto the low frequencies
 *
 * @returns in [-1, 1]; 1 if neither has any detail, 0 if one alone has
 */
export function detailCorrelation(a: Thumbnail, b: Thumbnail): number {
  const least = leastDetail * side * side;
  const [ofA, ofB] = [detailProduct(a, a), detailProduct(b, b)];
  if (ofA < least || ofB < least) return ofA < least && ofB < least ? 1 : 0;
  return Math.min(1, Math.max(-1, detailProduct(a, b) / Math.sqrt(ofA * ofB)));
}

function detailProduct(a: Thumbnail, b: Thumbnail): number {
  let whole = 0;
  for (let i = 0; i < a.levels.length; i++) whole += a.levels[i]! * b.levels[i]!;
  let low = 0;
  for (let i = 0; i < a.frequencies.length; i++) low += orthonormal[i]! * a.frequencies[i]! * b.frequencies[i]!;
  return whole - low;
}

/** Factors that make a product of two unnormalised frequencies that of the orthonormal transform's. */
const orthonormal = Float64Array.from({ length: frequenciesKept ** 2 }, (_, i) => {
  const share = (k: number): number => (k === 0 ? 1 : 2) / (4 * side);
  return share(Math.floor(i / frequenciesKept)) * share(i % frequenciesKept);
});
