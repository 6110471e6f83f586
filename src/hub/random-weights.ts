import { type RecipeFamily, recipePieces } from "../tensor/recipe.ts";
import { writeSafetensorsStream } from "../tensor/safetensors.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";

/**
 * Purpose of random weights. `comparison`: they behave like trained ones where it matters to a measurement or a test. `training`: good
 * initial weights, with sinusoidal position embeddings.
 */
export const purposes = ["comparison", "training"] as const;
export type Purpose = (typeof purposes)[number];

/**
 * Writes a model's tensors with seeded random values: for benchmarks, memory checks and tests, or to train from; never for results. Memory
 * stays flat however large the model is.
 *
 * @param tensors - names and shapes, in the order they shall be drawn and listed
 * @param about - what the metadata says beside how the weights were made
 */
export async function writeRandomWeights(
  file: string,
  family: "biomedclip" | "clip" | "sam",
  tensors: ReadonlyMap<string, Shape>,
  seed: number,
  purpose: Purpose = "comparison",
  about: Readonly<Record<string, string>> = {},
): Promise<void> {
  const entries = [...tensors].map(([name, shape]) => ({ name, shape, dtype: "float32" as const }));
  // The published recipe has no rules for a convolutional branch.
  const rulesOf = (name: string): RecipeFamily => (purpose === "training" || name.startsWith("visual.dense.") ? `${family}-fresh` : family);
  const values = ({ name, shape }: { readonly name: string; readonly shape: Shape }) =>
    purpose === "training" && imagePositions.test(name) ? [positionWaves(shape)] : recipePieces(rulesOf(name), name, shape, seed);
  await writeSafetensorsStream(file, entries, values, { ...about, weights: `random, seed ${seed}` });
}

/** Names of the tables of positions of image towers. */
const imagePositions = /pos_embed$|^vision_model\..*position_embedding\.weight$/;

/** Initial scale of position embeddings, for patches of about unit variance. */
const waveAmplitude = 0.5;

/**
 * Positions of a square grid of patches as sine and cosine waves of many lengths: half of the channels encode the column, half the row. A
 * class token before them gets zeros.
 *
 * @param shape - [T, D], [1, T, D] or [1, g, g, D]
 * @see He et al. 2022, arXiv:2111.06377, appendix A.1; Vaswani et al. 2017, arXiv:1706.03762
 */
function positionWaves(shape: Shape): Float32Array<ArrayBuffer> {
  const width = shape.at(-1)!;
  const tokens = sizeOf(shape.slice(0, -1));
  const grid = Math.floor(Math.sqrt(tokens));
  const first = tokens - grid * grid;
  const quarter = Math.floor(width / 4);
  const values = new Float32Array(tokens * width);
  for (let token = first; token < tokens; token++) {
    const places = [(token - first) % grid, Math.floor((token - first) / grid)];
    for (const [axis, place] of places.entries()) {
      for (let i = 0; i < quarter; i++) {
        const angle = place / 100 ** (i / quarter);
        const at = token * width + 2 * axis * quarter + i;
        values[at] = waveAmplitude * Math.sin(angle);
        values[at + quarter] = waveAmplitude * Math.cos(angle);
      }
    }
  }
  return values;
}
