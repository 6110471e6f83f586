import { solve } from "./solve.ts";

/** A linear score of features: w · x + b. */
export interface Discriminant {
  readonly weights: readonly number[];
  readonly bias: number;
}

/**
 * How far the covariance within the classes is drawn towards a multiple of the identity. There are far more features than images. Between 0.3
 * and 0.95 it made little difference.
 */
const shrinkage = 0.8;
/** Parts of the images, each scored by the discriminant of the others. */
const folds = 5;

/**
 * Linear discriminant analysis with a shrunken covariance, both classes counting the same:
 *
 *   w = Σ⁻¹ (m₁ - m₀),   Σ = (1 - λ) ZᵀZ / (n - 2) + λ t I,   b = -w · (m₁ + m₀) / 2,   λ = 0.8
 *
 * with Z the rows less the mean of their class and t the mean of the diagonal of ZᵀZ / (n - 2). It is solved in the space of the n rows, so
 * that the number of features D hardly costs.
 *
 * @param rows - [n][D]; of each class at least two
 * @param labels - 1 or 0
 * @see Friedman 1989, Regularized discriminant analysis; Ledoit and Wolf 2004 for the target of the shrinkage
 */
export function fitDiscriminant(rows: readonly Float32Array[], labels: readonly (0 | 1)[]): Discriminant {
  return discriminantOf(rows, gramOf(rows), labels, [...rows.keys()]);
}

/**
 * The discriminant of all rows, and for each row the score by one that was fitted without it, as its own fit would flatter it.
 *
 * @param rows - in an order that has nothing to do with what they are, which parts them
 */
export function crossFitted(
  rows: readonly Float32Array[],
  labels: readonly (0 | 1)[],
): { readonly discriminant: Discriminant; readonly scores: readonly number[] } {
  const gram = gramOf(rows);
  const seen = [0, 0];
  const foldOf = labels.map((label) => seen[label]!++ % folds);
  const scores = new Array<number>(rows.length).fill(0);
  for (let fold = 0; fold < folds; fold++) {
    const others = [...rows.keys()].filter((i) => foldOf[i] !== fold);
    const fitted = discriminantOf(rows, gram, labels, others);
    for (const [i, row] of rows.entries()) if (foldOf[i] === fold) scores[i] = discriminantScore(fitted, row);
  }
  return { discriminant: discriminantOf(rows, gram, labels, [...rows.keys()]), scores };
}

/** @param features - as many as the discriminant has weights */
export function discriminantScore({ weights, bias }: Discriminant, features: Float32Array): number {
  return weights.reduce((sum, weight, i) => sum + weight * features[i]!, bias);
}

/** Products of all rows with one another. */
function gramOf(rows: readonly Float32Array[]): Float64Array[] {
  const gram = rows.map(() => new Float64Array(rows.length));
  for (const [i, a] of rows.entries()) {
    for (let j = 0; j <= i; j++) {
      const b = rows[j]!;
      let sum = 0;
      for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
      gram[i]![j] = sum;
      gram[j]![i] = sum;
    }
  }
  return gram;
}

/**
 * By the matrix inversion lemma w = Xᵀ β, with X the rows, C the operator that takes from each value the mean of its class, a the vector for
 * which Xᵀ a = m₁ - m₀, G = X Xᵀ and κ = (n - 2) λ t / (1 - λ):
 *
 *   β = (a - C (κ I + C G C)⁻¹ C G a) / (λ t)
 *
 * @param used - indices of the rows that count
 */
function discriminantOf(
  rows: readonly Float32Array[],
  gram: readonly Float64Array[],
  labels: readonly (0 | 1)[],
  used: readonly number[],
): Discriminant {
  const n = used.length;
  const width = rows[0]!.length;
  const sizes = [0, 1].map((label) => used.filter((i) => labels[i] === label).length);
  const centred = (values: Float64Array): Float64Array => {
    const means = [0, 0];
    for (const [k, i] of used.entries()) means[labels[i]!]! += values[k]! / sizes[labels[i]!]!;
    return values.map((value, k) => value - means[labels[used[k]!]!]!);
  };
  const a = Float64Array.from(used, (i) => (labels[i] === 1 ? 1 : -1) / sizes[labels[i]!]!);
  const own = used.map((i) => Float64Array.from(used, (j) => gram[i]![j]!)); // G
  const right = centred(Float64Array.from(own, (row) => row.reduce((sum, value, k) => sum + value * a[k]!, 0))); // C G a
  const half = own.map(centred); // G C
  const within = own.map(() => new Float64Array(n)); // C G C
  for (let k = 0; k < n; k++) {
    const column = centred(Float64Array.from(half, (row) => row[k]!));
    for (let i = 0; i < n; i++) within[i]![k] = column[i]!;
  }
  const t = within.reduce((sum, row, i) => sum + row[i]!, 0) / ((n - 2) * width);
  const weights = new Array<number>(width).fill(0);
  if (!(t > 0)) return { weights, bias: 0 }; // all rows of a class are the same
  const kappa = ((n - 2) * shrinkage * t) / (1 - shrinkage);
  for (let i = 0; i < n; i++) within[i]![i]! += kappa;
  const inner = centred(solve(within, right));
  const [middle, scale] = [[0, 0], 1 / (shrinkage * t)];
  for (const [k, i] of used.entries()) {
    const beta = (a[k]! - inner[k]!) * scale;
    for (let d = 0; d < width; d++) weights[d]! += beta * rows[i]![d]!;
  }
  for (const i of used) middle[labels[i]!]! += discriminantScore({ weights, bias: 0 }, rows[i]!) / sizes[labels[i]!]!;
  return { weights, bias: -(middle[0]! + middle[1]!) / 2 };
}
