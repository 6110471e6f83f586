/** Cosine of two vectors, in float64; 0 where one is zero. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    squaresA += a[i]! ** 2;
    squaresB += b[i]! ** 2;
  }
  return dot === 0 ? 0 : dot / Math.sqrt(squaresA * squaresB);
}
