import { WeightsError } from "../errors.ts";
import { withFile } from "./_byte-source.ts";
import { contentOf } from "./_file-content.ts";
import { openSafetensors } from "./safetensors.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { openTorchCheckpoint } from "./torch-checkpoint.ts";

/** The tensors of a file of weights by name, of which nothing is read yet. */
export interface Weights {
  readonly kind: "safetensors" | "torch";
  readonly tensors: Map<string, StoredTensor>;
  /** What a safetensors file says about itself; empty for torch checkpoints. */
  readonly metadata: Record<string, string>;
}

/**
 * Opens published weights of either kind, told apart by what is in the file and not by its name.
 *
 * @throws WeightsError saying what the file looks like when it holds no weights: a web page, a Git LFS pointer, an old torch file
 */
export async function openWeights(file: string): Promise<Weights> {
  const content = await withFile(file, contentOf);
  switch (content.kind) {
    case "safetensors":
      return { kind: content.kind, ...(await openSafetensors(file)) };
    case "torch":
      return { kind: content.kind, metadata: {}, tensors: (await openTorchCheckpoint(file)).tensors };
    default:
      throw new WeightsError(`"${file}" does not hold weights: ${content.problem}`);
  }
}
