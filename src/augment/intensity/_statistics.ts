export function meanOf(plane: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < plane.length; i++) sum += plane[i]!;
  return sum / plane.length;
}

/** Mean and standard deviation (with n). */
export function meanAndStd(plane: Float32Array): { mean: number; std: number } {
  const mean = meanOf(plane);
  let squares = 0;
  for (let i = 0; i < plane.length; i++) {
    const difference = plane[i]! - mean;
    squares += difference * difference;
  }
  return { mean, std: Math.sqrt(squares / plane.length) };
}
