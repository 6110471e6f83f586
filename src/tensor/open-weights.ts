import { withFile } from "#files";
import { WeightsError } from "../errors.ts";
import { type ByteSource, memorySource } from "./_byte-source.ts";
import { contentOf } from "./_file-content.ts";
import { safetensorsIn } from "./safetensors.ts";
import type { StoredTensor } from "./stored-tensor.ts";
import { checkpointIn } from "./torch-checkpoint.ts";

/** The tensors of a file of weights by name, of which nothing is read yet. */
export interface Weights {
  readonly kind: "safetensors" | "torch";
  readonly tensors: Map<string, StoredTensor>;
  /** What a safetensors file says about itself; empty for torch checkpoints. */
  readonly metadata: Record<string, string>;
}

/** Where weights are: the path of a file, or all bytes of one under a name, as a browser has them. The bytes must not change. */
export type WeightsFile = string | { readonly name: string; readonly bytes: Uint8Array };

/**
 * Opens published weights of either kind, told apart by what is in the file and not by its name.
 *
 * @throws WeightsError saying what the file looks like when it holds no weights: a web page, a Git LFS pointer, an old torch file
 */
export async function openWeights(file: WeightsFile): Promise<Weights> {
  if (typeof file === "string") return await withFile(file, weightsIn);
  const { name, bytes } = file;
  const { tensors, ...rest } = await weightsIn(memorySource(name, bytes));
  return { ...rest, tensors: new Map([...tensors].map(([key, tensor]) => [key, { ...tensor, content: bytes }])) };
}

async function weightsIn(source: ByteSource): Promise<Weights> {
  const content = await contentOf(source);
  switch (content.kind) {
    case "safetensors":
      return { kind: content.kind, ...(await safetensorsIn(source)) };
    case "torch":
      return { kind: content.kind, metadata: {}, tensors: (await checkpointIn(source)).tensors };
    default:
      throw new WeightsError(`"${source.name}" does not hold weights: ${content.problem}`);
  }
}
