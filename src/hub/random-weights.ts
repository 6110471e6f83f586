import { type RecipeFamily, recipePieces } from "../tensor/recipe.ts";
import { writeSafetensorsStream } from "../tensor/safetensors.ts";
import type { Shape } from "../tensor/tensor.ts";

/**
 * Writes a model's tensors with seeded random values: for benchmarks, memory checks and tests, never for results. Memory
 * stays flat however large the model is.
 *
 * @param tensors - official names and shapes, in the order they shall be drawn and listed
 */
export async function writeRandomWeights(
  file: string,
  family: RecipeFamily,
  tensors: ReadonlyMap<string, Shape>,
  seed: number,
): Promise<void> {
  const entries = [...tensors].map(([name, shape]) => ({ name, shape, dtype: "float32" as const }));
  await writeSafetensorsStream(file, entries, ({ name, shape }) => recipePieces(family, name, shape, seed), {
    weights: `random, seed ${seed}`,
  });
}
