import { join } from "node:path";
import { locateClip } from "../../src/hub/locate.ts";
import { clipConfigOf, clipTensors, openClipWeights } from "../../src/models/clip/index.ts";
import { huggingFace } from "../../src/models/clip/openai/names.ts";
import type { NameScheme } from "../../src/models/name-scheme.ts";
import { readSafetensors } from "../../src/tensor/safetensors.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";
import { nanoOpenAiClip } from "./models.ts";

/** The nano model's tensors under the names of another scheme. */
export async function nanoOpenAiTensors(scheme: NameScheme): Promise<Record<string, Tensor>> {
  const path = await nanoOpenAiClip();
  const { weights, hints } = await locateClip(path);
  const config = clipConfigOf(await openClipWeights(weights), hints);
  const { tensors } = await readSafetensors(join(path, "model.safetensors"));
  const named: Record<string, Tensor> = {};
  for (const official of clipTensors(config).keys()) {
    const parts = [huggingFace.locate(official)].flat().map((name) => tensors.get(name)!);
    const data = Float32Array.from(parts.flatMap((part) => [...(part.data as Float32Array)]));
    const [rows = 0, columns = 0] = parts[0]!.shape;
    const name = scheme.locate(official) as string;
    named[name] = scheme.isTransposed?.(name)
      ? tensor(
          "float32",
          [columns, rows],
          Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
        )
      : tensor("float32", parts.length > 1 ? [rows * parts.length, ...parts[0]!.shape.slice(1)] : parts[0]!.shape, data);
  }
  return named;
}
