import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { writeSafetensors } from "../tensor/safetensors.ts";
import { type DType, type Tensor, zeros } from "../tensor/tensor.ts";
import { openClipWeights } from "./clip/index.ts";
import type { Weights } from "./weights.ts";

const folder = mkdtempSync(join(tmpdir(), "medclip-sam-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

const token = "visual.trunk.cls_token";
const projection = "visual.head.proj.weight";
const positions = "text.transformer.embeddings.position_ids";
const one = (dtype: DType): Tensor => zeros(dtype, [1]);

/** Two tensors of the model, and one that is never read. */
async function open(dtype: DType): Promise<Weights> {
  const file = join(folder, `${dtype}.safetensors`);
  await writeSafetensors(file, { [token]: one(dtype), [projection]: one("float32"), [positions]: one("int64") });
  return await openClipWeights(file);
}

const expected = new Map([
  [token, [1]],
  [projection, [1]],
]);

test.each<DType>(["int64", "int32", "int8", "uint8", "bool"])("weights of the type %s are refused", async (dtype) => {
  const message = `wrong type: "${token}" is ${dtype}, expected a floating-point type`;
  const weights = await open(dtype);
  expect(() => weights.check(expected)).toThrow(message);
  expect(() => weights.check(expected)).not.toThrow(projection);
  expect(() => weights.check(expected)).not.toThrow(positions);
});

test.each<DType>(["float64", "float32", "float16", "bfloat16"])("weights of the type %s are accepted", async (dtype) => {
  (await open(dtype)).check(expected);
});
